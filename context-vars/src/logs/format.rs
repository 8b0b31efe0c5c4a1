//! `ContextFormat`: an event of `tracing`, and the variables.

use core::fmt::{self, Write as _};

use tracing_core::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::known_format::{KnownFormat, Shape};
use crate::context::Context;
use crate::fields::{Fields, write_json_text, write_json_value, write_text_value};

/// Writes an event as another format does, with the variables of the current context.
///
/// | format | where the variables stand |
/// |---|---|
/// | full, compact | at the end of the line: `request_id=7 user="alice"` |
/// | pretty | on a line of their own: `    with request_id: 7, user: "alice"` |
/// | JSON | under a key: `"context":{"request_id":7,"user":"alice"}`, numbers as numbers |
///
/// Events of spans, new or closed, have them too. An event of `log` that comes through
/// `tracing-log` has them as any other.
///
/// Colours are written where the layer writes them: `with_ansi(false)` belongs there, on
/// [`fmt::Layer`](tracing_subscriber::fmt::Layer) or its builder, and not on the format.
///
/// # Cost
///
/// One increment of a reference count and one allocation for each event, the text of the values,
/// and a copy of the line. Where no variable is set, one thread-local
/// access.
///
/// # Examples
///
/// ```
/// use context_vars::{Fields, context_var, logs::ContextFormat};
///
/// context_var! {
///     static REQUEST_ID: u64;
///     #[redact]
///     static PASSWORD: String;
/// }
///
/// # fn main() {
/// tracing_subscriber::fmt()
///     .json()
///     .map_event_format(|format| {
///         ContextFormat::new(format).fields(Fields::all().except([&PASSWORD]))
///     })
///     .init();
/// REQUEST_ID.sync_scope(7, || tracing::info!("accepted"));
/// // {"timestamp":"..","level":"INFO","fields":{"message":"accepted"},"target":"..",
/// //  "context":{"request_id":7}}
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ContextFormat<E> {
    plain: E,
    colored: Option<E>,
    shape: Shape,
    key: &'static str,
    fields: Fields,
}

impl<E: KnownFormat> ContextFormat<E> {
    /// For a format of `tracing-subscriber`: full, compact, pretty or JSON.
    ///
    /// To be given to `map_event_format` as it stands: `.map_event_format(ContextFormat::new)`.
    ///
    /// # Examples
    ///
    /// As it stands:
    ///
    /// ```
    /// use context_vars::{context_var, logs::ContextFormat};
    ///
    /// context_var! {
    ///     static USER: &str;
    /// }
    ///
    /// # fn main() {
    /// tracing_subscriber::fmt().map_event_format(ContextFormat::new).init();
    /// USER.sync_scope("alice", || tracing::info!("accepted"));
    /// // 2026-01-01T00:00:00.000000Z  INFO app: accepted user="alice"
    /// # }
    /// ```
    #[must_use]
    pub fn new(format: E) -> Self {
        let colored = Some(format.clone().in_colour());
        Self::made(format, colored, E::SHAPE)
    }
}

impl<E> ContextFormat<E> {
    /// For any other format that writes one line of text.
    ///
    /// It is asked for text without colours.
    ///
    /// # Examples
    ///
    /// A format of one's own:
    ///
    /// ```
    /// use context_vars::{context_var, logs::ContextFormat};
    ///
    /// context_var! {
    ///     static USER: &str;
    /// }
    /// # use std::fmt;
    /// # use tracing::{Event, Subscriber};
    /// # use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, format::Writer};
    /// # use tracing_subscriber::registry::LookupSpan;
    /// # struct LevelAlone;
    /// # impl<S, N> FormatEvent<S, N> for LevelAlone
    /// # where
    /// #     S: Subscriber + for<'a> LookupSpan<'a>,
    /// #     N: for<'a> FormatFields<'a> + 'static,
    /// # {
    /// #     fn format_event(
    /// #         &self,
    /// #         _: &FmtContext<'_, S, N>,
    /// #         mut out: Writer<'_>,
    /// #         event: &Event<'_>,
    /// #     ) -> fmt::Result {
    /// #         writeln!(out, "{}", event.metadata().level())
    /// #     }
    /// # }
    ///
    /// # fn main() {
    /// tracing_subscriber::fmt().event_format(ContextFormat::text(LevelAlone)).init();
    /// USER.sync_scope("alice", || tracing::info!("accepted")); // INFO user="alice"
    /// # }
    /// ```
    #[must_use]
    pub fn text(format: E) -> Self {
        Self::made(format, None, Shape::Line)
    }

    /// For any other format that writes one object of JSON.
    ///
    /// # Examples
    ///
    /// A format of one's own:
    ///
    /// ```
    /// use context_vars::{context_var, logs::ContextFormat};
    ///
    /// context_var! {
    ///     static USER: &str;
    /// }
    /// # use std::fmt;
    /// # use tracing::{Event, Subscriber};
    /// # use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, format::Writer};
    /// # use tracing_subscriber::registry::LookupSpan;
    /// # struct JsonLevel;
    /// # impl<S, N> FormatEvent<S, N> for JsonLevel
    /// # where
    /// #     S: Subscriber + for<'a> LookupSpan<'a>,
    /// #     N: for<'a> FormatFields<'a> + 'static,
    /// # {
    /// #     fn format_event(
    /// #         &self,
    /// #         _: &FmtContext<'_, S, N>,
    /// #         mut out: Writer<'_>,
    /// #         event: &Event<'_>,
    /// #     ) -> fmt::Result {
    /// #         writeln!(out, "{{\"level\":\"{}\"}}", event.metadata().level())
    /// #     }
    /// # }
    ///
    /// # fn main() {
    /// tracing_subscriber::fmt().event_format(ContextFormat::json(JsonLevel)).init();
    /// USER.sync_scope("alice", || tracing::info!("accepted"));
    /// // {"level":"INFO","context":{"user":"alice"}}
    /// # }
    /// ```
    #[must_use]
    pub fn json(format: E) -> Self {
        Self::made(format, None, Shape::Object)
    }

    fn made(plain: E, colored: Option<E>, shape: Shape) -> Self {
        Self {
            plain,
            colored,
            shape,
            key: "context",
            fields: Fields::all(),
        }
    }

    /// Which variables are written; all that are set if this is not said.
    ///
    /// # Examples
    ///
    /// The request's id alone:
    ///
    /// ```
    /// use context_vars::{Fields, context_var, logs::ContextFormat};
    ///
    /// context_var! {
    ///     static REQUEST_ID: u64;
    ///     static USER: &str;
    /// }
    ///
    /// # fn main() {
    /// let chosen = Fields::all().only([&REQUEST_ID]);
    /// tracing_subscriber::fmt()
    ///     .map_event_format(|format| ContextFormat::new(format).fields(chosen))
    ///     .init();
    /// # }
    /// ```
    #[must_use]
    pub fn fields(mut self, fields: Fields) -> Self {
        self.fields = fields;
        self
    }

    /// The key of the variables in JSON; `context` if this is not said.
    ///
    /// For flattened events that have a field of that name themselves.
    ///
    /// # Examples
    ///
    /// Beside an event's own `context`:
    ///
    /// ```
    /// use context_vars::{context_var, logs::ContextFormat};
    ///
    /// context_var! {
    ///     static USER: &str;
    /// }
    ///
    /// # fn main() {
    /// tracing_subscriber::fmt()
    ///     .json()
    ///     .flatten_event(true)
    ///     .map_event_format(|format| ContextFormat::new(format).key("vars"))
    ///     .init();
    /// USER.sync_scope("alice", || tracing::info!(context = "checkout", "accepted"));
    /// // {..,"message":"accepted","context":"checkout",..,"vars":{"user":"alice"}}
    /// # }
    /// ```
    #[must_use]
    pub fn key(mut self, key: &'static str) -> Self {
        self.key = key;
        self
    }

    /// Puts the variables into the event that `text` is.
    fn splice(&self, text: &mut String, context: &Context, colored: bool) -> fmt::Result {
        let ending = match self.shape {
            Shape::Line | Shape::Lines => "\n",
            Shape::Object if text.ends_with('}') => "}",
            Shape::Object if text.ends_with("}\n") => "}\n",
            // Without the brace of an object there is nothing to write into.
            Shape::Object => return Ok(()),
        };
        let ends = text.ends_with(ending);
        if ends {
            text.truncate(text.len() - ending.len());
        }
        match self.shape {
            Shape::Line => self.write_line(text, context, colored)?,
            Shape::Lines => self.write_pretty(text, context, colored)?,
            Shape::Object => self.write_object(text, context)?,
        }
        if ends {
            text.push_str(ending);
        }
        Ok(())
    }

    fn write_line(&self, out: &mut String, context: &Context, colored: bool) -> fmt::Result {
        self.fields.visit(context, |field| {
            let name = field.name();
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
            if colored {
                write!(out, "\x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m")?;
            } else {
                out.push_str(&name);
                out.push('=');
            }
            write_text_value(out, field)
        })
    }

    fn write_pretty(&self, out: &mut String, context: &Context, colored: bool) -> fmt::Result {
        let mut first = true;
        self.fields.visit(context, |field| {
            let name = field.name();
            match (colored, first) {
                (true, true) => write!(out, "    \x1b[2;3mwith\x1b[0m \x1b[1m{name}\x1b[0m: ")?,
                (true, false) => write!(out, ", \x1b[1m{name}\x1b[0m: ")?,
                (false, true) => write!(out, "    with {name}: ")?,
                (false, false) => write!(out, ", {name}: ")?,
            }
            first = false;
            write_text_value(out, field)
        })?;
        if !first {
            out.push('\n');
        }
        Ok(())
    }

    fn write_object(&self, out: &mut String, context: &Context) -> fmt::Result {
        let mut first = true;
        self.fields.visit(context, |field| {
            if first {
                if !out.ends_with('{') {
                    out.push(',');
                }
                write_json_text(out, self.key)?;
                out.push_str(":{");
            } else {
                out.push(',');
            }
            first = false;
            write_json_text(out, &field.name())?;
            out.push(':');
            write_json_value(out, field)
        })?;
        if !first {
            out.push('}');
        }
        Ok(())
    }
}

impl<S, N, E> FormatEvent<S, N> for ContextFormat<E>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    E: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        ctx: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let context = Context::current_with_locals();
        if context.is_empty() {
            return self.plain.format_event(ctx, writer, event);
        }
        // A writer that is made anew writes no colours by itself, and cannot be told to.
        let (inner, colored) = match &self.colored {
            Some(colored) if writer.has_ansi_escapes() => (colored, true),
            _ => (&self.plain, false),
        };
        let mut text = String::with_capacity(256);
        inner.format_event(ctx, Writer::new(&mut text), event)?;
        self.splice(&mut text, &context, colored)?;
        writer.write_str(&text)
    }
}

//! `ContextFormat`: writes an event of `tracing` together with the variables.

use core::fmt::{self, Write as _};

use tracing_core::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::event_fields::{free_key, has_field};
use super::known_format::{KnownFormat, Shape};
use crate::context::Context;
use crate::fields::{Field, Fields, write_json_text, write_json_value, write_text_value};

/// A format that writes an event as another format does, with the variables of the current context.
///
/// | format | where the variables are written |
/// |---|---|
/// | full, compact | at the end of the line: `request_id=7 user="alice"` |
/// | pretty | on a separate line: `    with request_id: 7, user: "alice"` |
/// | JSON | under a key: `"context":{"request_id":7,"user":"alice"}`, numbers as numbers |
///
/// The events that report new and closed spans have the variables, too, and so have the events of
/// `log` that come through `tracing-log`.
///
/// # Fields of the event
///
/// In every format, a variable is left out if the event has a field of the same name. For example,
/// after `info!(user = "bob", "deleted")` a search for `user` finds one value, that of the event.
/// The message has the name `message` in JSON, and none in text. The fields of spans hide no
/// variable, because they belong to the span and not to the event.
///
/// # Colours
///
/// Colours are written where the layer writes them, so call `with_ansi(false)` on
/// [`fmt::Layer`](tracing_subscriber::fmt::Layer) or its builder and not on the format.
///
/// # Cost
///
/// Each event costs one increment of a reference count, one allocation, one enter and exit of an
/// empty context, and the text of the values. Each variable's name is compared with the names of the
/// event's fields, and the line is copied once. If no variable is set, an event costs one
/// thread-local access.
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
    /// Wraps a format of `tracing-subscriber`: full, compact, pretty or JSON.
    #[must_use]
    pub fn new(format: E) -> Self {
        let colored = Some(format.clone().in_colour());
        Self::made(format, colored, E::SHAPE)
    }
}

impl<E> ContextFormat<E> {
    /// Wraps any other format that writes one line of text.
    ///
    /// The format is called with a writer that has no colours.
    ///
    /// # Examples
    ///
    /// A format that writes the level alone:
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

    /// Wraps any other format that writes one JSON object.
    ///
    /// # Examples
    ///
    /// A format that writes the level alone:
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

    /// Chooses which variables are written, and how. Defaults to all that are set.
    #[must_use]
    pub fn fields(mut self, fields: Fields) -> Self {
        self.fields = fields;
        self
    }

    /// Sets the key of the variables in JSON. Defaults to `context`.
    ///
    /// If a flattened event has a field of that name, the field keeps the name, and the variables of
    /// that event are under the name with `_` appended.
    ///
    /// # Examples
    ///
    /// Events that have a field `context`:
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
        // The writer below is new, and this crate cannot make it write colours. So a copy of the
        // inner format that always writes colours is used instead.
        let (inner, colored) = match &self.colored {
            Some(colored) if writer.has_ansi_escapes() => (colored, true),
            _ => (&self.plain, false),
        };
        let mut text = String::with_capacity(256);
        inner.format_event(ctx, Writer::new(&mut text), event)?;
        let variables = Variables {
            context: &context,
            fields: &self.fields,
            event,
            shape: self.shape,
            colored,
            key: self.key,
        };
        variables.splice_into(&mut text)?;
        writer.write_str(&text)
    }
}

/// The variables of one event, and how they are written.
struct Variables<'a> {
    context: &'a Context,
    fields: &'a Fields,
    event: &'a Event<'a>,
    shape: Shape,
    colored: bool,
    key: &'static str,
}

impl Variables<'_> {
    /// Inserts the variables into `text`, which is the event as the inner format wrote it.
    fn splice_into(&self, text: &mut String) -> fmt::Result {
        let ending = match self.shape {
            Shape::Line | Shape::Lines => "\n",
            Shape::Object if text.ends_with('}') => "}",
            Shape::Object if text.ends_with("}\n") => "}\n",
            // The text is not an object, so the variables cannot be inserted.
            Shape::Object => return Ok(()),
        };
        let ends = text.ends_with(ending);
        if ends {
            text.truncate(text.len() - ending.len());
        }
        match self.shape {
            Shape::Line => self.write_line(text)?,
            Shape::Lines => self.write_pretty(text)?,
            Shape::Object => self.write_object(text)?,
        }
        if ends {
            text.push_str(ending);
        }
        Ok(())
    }

    /// Calls `visit` with each variable for which the event has no field, and its name.
    fn visit(&self, mut visit: impl FnMut(&str, &Field<'_>) -> fmt::Result) -> fmt::Result {
        let names_message = matches!(self.shape, Shape::Object);
        self.fields.visit(self.context, |field| {
            let name = field.name();
            let is_named = names_message || name != "message";
            if is_named && has_field(self.event, &name) {
                return Ok(());
            }
            visit(&name, field)
        })
    }

    fn write_line(&self, out: &mut String) -> fmt::Result {
        self.visit(|name, field| {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
            if self.colored {
                write!(out, "\x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m")?;
            } else {
                out.push_str(name);
                out.push('=');
            }
            write_text_value(out, field)
        })
    }

    fn write_pretty(&self, out: &mut String) -> fmt::Result {
        let mut first = true;
        self.visit(|name, field| {
            match (self.colored, first) {
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

    fn write_object(&self, out: &mut String) -> fmt::Result {
        let mut first = true;
        self.visit(|name, field| {
            if first {
                let key = free_key(out, self.event, self.key);
                if !out.ends_with('{') {
                    out.push(',');
                }
                write_json_text(out, &key)?;
                out.push_str(":{");
            } else {
                out.push(',');
            }
            first = false;
            write_json_text(out, name)?;
            out.push(':');
            write_json_value(out, field)
        })?;
        if !first {
            out.push('}');
        }
        Ok(())
    }
}

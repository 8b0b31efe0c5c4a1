//! `ContextFormat`: an event of `tracing`, and the variables.

use core::fmt;

use tracing_core::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::hold_back::HoldBack;
use super::known_format::{KnownFormat, Shape};
use crate::context::Context;
use crate::current;
use crate::fields::{Field, Fields, write_json_string, write_json_value, write_text_value};

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
/// One increment of a reference count and one allocation for each event, and the text of the
/// values; the event is written once and not copied. Where no variable is set, one thread-local
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
    #[must_use]
    pub fn text(format: E) -> Self {
        Self::made(format, None, Shape::Line)
    }

    /// For any other format that writes one object of JSON.
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
    #[must_use]
    pub fn fields(mut self, fields: Fields) -> Self {
        self.fields = fields;
        self
    }

    /// The key of the variables in JSON; `context` if this is not said.
    ///
    /// For flattened events that have a field of that name themselves.
    #[must_use]
    pub fn key(mut self, key: &'static str) -> Self {
        self.key = key;
        self
    }

    /// Writes the variables and what was held back for them.
    fn finish(
        &self,
        out: &mut Writer<'_>,
        context: &Context,
        (ending, last): (&'static str, Option<u8>),
    ) -> fmt::Result {
        match self.shape {
            Shape::Line => {
                let separated = matches!(last, None | Some(b' '));
                self.write_line(out, context, if separated { "" } else { " " })?;
                out.write_str(ending)
            }
            Shape::Lines => {
                let (line, rest) = ending.split_at(ending.len().min(1));
                out.write_str(line)?;
                self.write_pretty(out, context)?;
                out.write_str(rest)
            }
            Shape::Object => {
                // Without the brace of an object there is nothing to write into.
                if ending.starts_with('}') {
                    let separator = if last == Some(b'{') { "" } else { "," };
                    self.write_object(out, context, separator)?;
                }
                out.write_str(ending)
            }
        }
    }

    fn write_line(
        &self,
        out: &mut Writer<'_>,
        context: &Context,
        mut separator: &str,
    ) -> fmt::Result {
        let colored = self.colored.is_some() && out.has_ansi_escapes();
        self.fields.visit(context, |field| {
            let name = field.name();
            out.write_str(separator)?;
            separator = " ";
            if colored {
                write!(out, "\x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m")?;
            } else {
                write!(out, "{name}=")?;
            }
            write_text_value(out, field)
        })
    }

    fn write_pretty(&self, out: &mut Writer<'_>, context: &Context) -> fmt::Result {
        let colored = self.colored.is_some() && out.has_ansi_escapes();
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
        if first { Ok(()) } else { out.write_char('\n') }
    }

    fn write_object(
        &self,
        out: &mut Writer<'_>,
        context: &Context,
        separator: &str,
    ) -> fmt::Result {
        let mut first = true;
        let mut write = |field: &Field<'_>| {
            if first {
                out.write_str(separator)?;
                write_json_string(out, self.key)?;
                out.write_str(":{")?;
            } else {
                out.write_char(',')?;
            }
            first = false;
            write_json_string(out, field.name())?;
            out.write_char(':')?;
            write_json_value(out, field)
        };
        self.fields.visit(context, &mut write)?;
        if first { Ok(()) } else { out.write_char('}') }
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
        let context = Context {
            state: current::copy(),
        };
        if context.is_empty() {
            return self.plain.format_event(ctx, writer, event);
        }
        let ending = match self.shape {
            Shape::Line => "\n",
            Shape::Lines => "\n\n",
            Shape::Object => "}\n",
        };
        // A writer that is made anew writes no colours by itself, and cannot be told to.
        let inner = match &self.colored {
            Some(colored) if writer.has_ansi_escapes() => colored,
            _ => &self.plain,
        };
        let mut held = HoldBack::new(&mut writer, ending);
        inner.format_event(ctx, Writer::new(&mut held), event)?;
        let held = held.finish();
        self.finish(&mut writer, &context, held)
    }
}

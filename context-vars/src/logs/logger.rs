//! `ContextLogger`: logs a record of `log` together with the variables.

use core::fmt::{self, Write as _};
use std::borrow::Cow;

use log::kv::{Error, Key, Source, Value, VisitSource};
use log::{LevelFilter, Log, Metadata, Record, SetLoggerError};

use crate::context::Context;
use crate::fields::{Field, Fields, Kind, one_line, write_text_value};

/// A logger that passes records to another logger, with the variables of the current context.
///
/// The variables are key-values, after those of the record: numbers of up to 64 bits and booleans as
/// such, everything else as text. A variable is left out if the record has a key-value of the same
/// name.
///
/// # Which form a logger needs
///
/// | logger | variables as |
/// |---|---|
/// | writes key-values as JSON or another format that quotes them | key-values |
/// | writes key-values as text, such as `env_logger` with its feature `kv` | [`in_message`](Self::in_message) |
/// | writes the message alone | [`in_message`](Self::in_message) |
///
/// Key-values are values, not text in quotes, because a logger that writes JSON adds its own quotes.
/// `env_logger` adds no quotes: for a user with the name `bob admin=true` it writes
/// `user=bob admin=true`, which looks like two fields. In the message, every value that needs quotes
/// has them.
///
/// In both forms the characters that could end, overwrite or disguise a line are escaped first; see
/// [`Fields`].
///
/// # Cost
///
/// Each record costs one increment of a reference count, one enter and exit of an empty context,
/// one allocation, and a scan of each text. A record with key-values costs one more allocation. A
/// record that the logger's `enabled` rejects has none of these costs.
///
/// # Examples
///
/// ```
/// use context_vars::{context_var, logs::ContextLogger};
/// use log::{LevelFilter, Log, Metadata, Record};
///
/// context_var! {
///     static USER: &str;
/// }
///
/// struct Stderr;
///
/// impl Log for Stderr {
///     fn enabled(&self, _: &Metadata<'_>) -> bool {
///         true
///     }
///     fn log(&self, record: &Record<'_>) {
///         eprintln!("{} {}", record.level(), record.args());
///     }
///     fn flush(&self) {}
/// }
///
/// # fn main() -> Result<(), log::SetLoggerError> {
/// ContextLogger::new(Stderr).in_message().install(LevelFilter::Info)?;
/// USER.sync_scope("alice", || log::info!("accepted")); // INFO accepted user="alice"
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ContextLogger<L> {
    logger: L,
    fields: Fields,
    in_message: bool,
}

impl<L: Log> ContextLogger<L> {
    /// Wraps `logger`.
    #[must_use = "call `install`, or give it to another logger"]
    pub fn new(logger: L) -> Self {
        Self {
            logger,
            fields: Fields::all(),
            in_message: false,
        }
    }

    /// Chooses which variables records get, and how they are written. Defaults to all that are set.
    #[must_use = "call `install`, or give it to another logger"]
    pub fn fields(mut self, fields: Fields) -> Self {
        self.fields = fields;
        self
    }

    /// Appends the variables to the message, as [`fields()`](crate::fields()) shows them.
    ///
    /// Use this for a logger that prints key-values as text or not at all. A value is in quotes if
    /// it is empty, or contains a blank, a quote, a comma, a backslash or `=`. A variable for which
    /// the record has a key-value is left out here, too.
    ///
    /// # Examples
    ///
    /// For a logger that prints messages alone:
    ///
    /// ```
    /// use context_vars::{context_var, logs::ContextLogger};
    /// # use log::{Log, Metadata, Record};
    /// # static LINES: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());
    /// # struct Lines;
    /// # impl Log for Lines {
    /// #     fn enabled(&self, _: &Metadata<'_>) -> bool { true }
    /// #     fn log(&self, record: &Record<'_>) {
    /// #         let user = record.key_values().get("user".into());
    /// #         let user = user.map_or(String::new(), |user| format!(" {user}"));
    /// #         LINES.lock().unwrap().push(format!("{}{user}", record.args()));
    /// #     }
    /// #     fn flush(&self) {}
    /// # }
    ///
    /// context_var! {
    ///     static USER: &str;
    /// }
    ///
    /// # fn main() -> Result<(), log::SetLoggerError> {
    /// ContextLogger::new(Lines).in_message().install(log::LevelFilter::Info)?;
    /// USER.sync_scope("alice", || log::info!("accepted"));
    /// assert_eq!(*LINES.lock().unwrap(), [r#"accepted user="alice""#]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "call `install`, or give it to another logger"]
    pub fn in_message(mut self) -> Self {
        self.in_message = true;
        self
    }

    /// Makes this the program's logger, for records up to `level`.
    ///
    /// # Errors
    ///
    /// Returns an error if the program has a logger already.
    ///
    /// # Examples
    ///
    /// A second call fails:
    ///
    /// ```
    /// use context_vars::logs::ContextLogger;
    /// use log::LevelFilter;
    /// # use log::{Log, Metadata, Record};
    /// # static LINES: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());
    /// # struct Lines;
    /// # impl Log for Lines {
    /// #     fn enabled(&self, _: &Metadata<'_>) -> bool { true }
    /// #     fn log(&self, record: &Record<'_>) {
    /// #         let user = record.key_values().get("user".into());
    /// #         let user = user.map_or(String::new(), |user| format!(" {user}"));
    /// #         LINES.lock().unwrap().push(format!("{}{user}", record.args()));
    /// #     }
    /// #     fn flush(&self) {}
    /// # }
    ///
    /// # fn main() {
    /// assert!(ContextLogger::new(Lines).install(LevelFilter::Info).is_ok());
    /// assert!(ContextLogger::new(Lines).install(LevelFilter::Debug).is_err());
    /// assert_eq!(log::max_level(), LevelFilter::Info); // set by the first call
    /// # }
    /// ```
    pub fn install(self, level: LevelFilter) -> Result<(), SetLoggerError>
    where
        L: 'static,
    {
        log::set_boxed_logger(Box::new(self))?;
        log::set_max_level(level);
        Ok(())
    }
}

impl<L: Log> ContextLogger<L> {
    fn log_in_message(&self, record: &Record<'_>, context: &Context) {
        let mut fields = String::new();
        self.visit(record, context, |name, field| {
            write!(fields, " {name}=")?;
            write_text_value(&mut fields, field)
        });
        let message = record.args();
        let mut builder = record.to_builder();
        let mut log = |message| self.logger.log(&builder.args(message).build());
        log(format_args!("{message}{fields}"));
    }

    fn log_with_values(&self, record: &Record<'_>, context: &Context) {
        let mut variables = Vec::new();
        self.visit(record, context, |name, field| {
            variables.push((name, Loggable::new(field)));
            Ok(())
        });
        let own = record.key_values();
        let with = WithFields { own, variables };
        self.logger
            .log(&record.to_builder().key_values(&with).build());
    }

    /// Calls `visit` with each variable for which the record has no key-value, and its name.
    fn visit<'a>(
        &'a self,
        record: &Record<'_>,
        context: &'a Context,
        mut visit: impl FnMut(Cow<'static, str>, &Field<'a>) -> fmt::Result,
    ) {
        let mut own = OwnKeys(Vec::new());
        // A source that fails has shown the keys that its logger can print.
        let _ = record.key_values().visit(&mut own);
        let written = self.fields.visit(context, |field| {
            let name = field.name();
            if own.0.iter().any(|key| key.as_str() == name) {
                return Ok(());
            }
            visit(name, field)
        });
        debug_assert!(written.is_ok(), "writing to a String never fails");
    }
}

impl<L: Log> Log for ContextLogger<L> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.logger.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        // Loggers check this themselves. It is checked here so that no value is formatted
        // unnecessarily.
        if !self.logger.enabled(record.metadata()) {
            return;
        }
        let context = Context::current_with_locals();
        if context.is_empty() {
            self.logger.log(record);
        } else if self.in_message {
            self.log_in_message(record, &context);
        } else {
            self.log_with_values(record, &context);
        }
    }

    fn flush(&self) {
        self.logger.flush();
    }
}

/// The keys of a record's own key-values.
struct OwnKeys<'a>(Vec<Key<'a>>);

impl<'a> VisitSource<'a> for OwnKeys<'a> {
    fn visit_pair(&mut self, key: Key<'a>, _: Value<'a>) -> Result<(), Error> {
        self.0.push(key);
        Ok(())
    }
}

/// The key-values of a record, followed by the variables.
struct WithFields<'a> {
    own: &'a dyn Source,
    variables: Vec<(Cow<'static, str>, Loggable<'a>)>,
}

impl Source for WithFields<'_> {
    fn visit<'kvs>(&'kvs self, visitor: &mut dyn VisitSource<'kvs>) -> Result<(), Error> {
        self.own.visit(visitor)?;
        self.variables
            .iter()
            .try_for_each(|(name, value)| visitor.visit_pair(Key::from_str(name), value.into()))
    }
}

/// A value in a form that `log` supports. It is created once, because a source may be visited often.
enum Loggable<'a> {
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(Cow<'a, str>),
}

impl<'a> Loggable<'a> {
    fn new(field: &Field<'a>) -> Self {
        match field.kind() {
            Kind::Bool(value) => Self::Bool(value),
            Kind::Unsigned(value) => Self::Unsigned(value),
            Kind::Signed(value) => Self::Signed(value),
            Kind::Float(value) => Self::Float(value),
            _ => Self::Text(one_line(field)),
        }
    }
}

impl<'v> From<&'v Loggable<'_>> for Value<'v> {
    fn from(value: &'v Loggable<'_>) -> Self {
        match value {
            Loggable::Bool(value) => Value::from(*value),
            Loggable::Unsigned(value) => Value::from(*value),
            Loggable::Signed(value) => Value::from(*value),
            Loggable::Float(value) => Value::from(*value),
            Loggable::Text(text) => Value::from(text.as_ref()),
        }
    }
}

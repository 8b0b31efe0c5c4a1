//! `ContextLogger`: a record of `log`, and the variables.

use core::convert::Infallible;
use std::borrow::Cow;

use log::kv::{Error, Key, Source, Value, VisitSource};
use log::{LevelFilter, Log, Metadata, Record, SetLoggerError};

use crate::context::Context;
use crate::fields::{Field, Fields, Kind, one_line};

/// Hands records on to another logger, with the variables of the current context.
///
/// They are key-values, after those of the record itself: numbers of up to 64 bits and truth
/// values as such, everything else as text. Not every logger prints key-values: `env_logger` does with its feature
/// `kv`, and `fern` hands them to your closure. For one that does not,
/// [`in_message`](Self::in_message) puts them behind the message.
///
/// Loggers print a text as it is. So that it stays on its line, what could end or overwrite one
/// is escaped before they get it.
///
/// # Cost
///
/// One increment of a reference count and one allocation for each record, and another look at
/// each text; none of them for a record that the logger's `enabled` does not want.
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
    /// Hands records on to `logger`.
    ///
    /// # Examples
    ///
    /// For a logger that prints the key-value `user`:
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
    /// ContextLogger::new(Lines).install(log::LevelFilter::Info)?;
    /// USER.sync_scope("alice", || log::info!("accepted"));
    /// assert_eq!(*LINES.lock().unwrap(), ["accepted alice"]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "call `install`, or give it to another logger"]
    pub fn new(logger: L) -> Self {
        Self {
            logger,
            fields: Fields::all(),
            in_message: false,
        }
    }

    /// Which variables records get; all that are set if this is not said.
    ///
    /// # Examples
    ///
    /// Without one of them:
    ///
    /// ```
    /// use context_vars::{Fields, context_var, logs::ContextLogger};
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
    /// let fields = Fields::all().except([&USER]);
    /// ContextLogger::new(Lines).fields(fields).install(log::LevelFilter::Info)?;
    /// USER.sync_scope("alice", || log::info!("accepted"));
    /// assert_eq!(*LINES.lock().unwrap(), ["accepted"]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "call `install`, or give it to another logger"]
    pub fn fields(mut self, fields: Fields) -> Self {
        self.fields = fields;
        self
    }

    /// Puts the variables behind the message, as [`fields()`](crate::fields()) shows them.
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
    /// If the program has one already.
    ///
    /// # Examples
    ///
    /// A second one is refused:
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
    /// assert_eq!(log::max_level(), LevelFilter::Info); // as the first one said
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
        let fields = self.fields.of(context).to_string();
        let separator = if fields.is_empty() { "" } else { " " };
        let message = record.args();
        let mut builder = record.to_builder();
        let mut log = |message| self.logger.log(&builder.args(message).build());
        log(format_args!("{message}{separator}{fields}"));
    }

    fn log_with_values(&self, record: &Record<'_>, context: &Context) {
        let mut variables = Vec::new();
        let _: Result<(), Infallible> = self.fields.visit(context, |field| {
            variables.push((field.name(), Loggable::new(field)));
            Ok(())
        });
        let own = record.key_values();
        let with = WithFields { own, variables };
        self.logger
            .log(&record.to_builder().key_values(&with).build());
    }
}

impl<L: Log> Log for ContextLogger<L> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.logger.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        // Loggers ask themselves; this is to not look at values in vain.
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

/// The key-values of a record, and then the variables.
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

/// A value as `log` knows it. Made once: a source may be visited many times.
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

//! The variables of the current context in every line of a log.
//!
//! [`ContextFormat`] does this for `tracing`, [`ContextLogger`] for `log`. No function has to pass anything
//! on, and no span has to be opened: a line shows the variables that are set when it is written. They are
//! sorted by name, in lower case, and follow the fields of the event itself. If a field of the event has
//! the name of a variable, only the field is written. [`Fields`](crate::Fields) chooses which variables are
//! written and how, and [`fields()`](crate::fields()) shows them in any other text.
//!
//! # Untrusted values
//!
//! Values often come from a request. A value that contains a line break, an escape sequence, an
//! invisible character, a quote or a mebibyte of text stays one value in one line, and one string in
//! one JSON object. A `#[redact]`ed value is `***`.
//!
//! The `Display` of a value may itself write log lines. The value is formatted in an empty context,
//! so those lines have no variables, and the recursion ends.
//!
//! # Examples
//!
//! Two requests that call the same function, with `tracing`:
//!
//! ```
//! use context_vars::context_var;
//! # #[cfg(feature = "tracing")]
//! use context_vars::logs::ContextFormat;
//!
//! context_var! {
//!     static USER: &str;
//! }
//!
//! fn pay() {
//!     tracing::info!("paid");
//! }
//!
//! # fn main() {
//! # #[cfg(feature = "tracing")] {
//! tracing_subscriber::fmt().without_time().map_event_format(ContextFormat::new).init();
//! USER.sync_scope("alice", pay); //  INFO app: paid user="alice"
//! USER.sync_scope("bob", pay); //  INFO app: paid user="bob"
//! # }
//! # }
//! ```

#[cfg(feature = "tracing")]
mod known_format;
#[cfg(feature = "tracing")]
mod event_fields;
#[cfg(feature = "tracing")]
mod format;
#[cfg(feature = "log")]
mod logger;

#[cfg(feature = "tracing")]
pub use self::format::ContextFormat;
#[cfg(feature = "tracing")]
pub use self::known_format::KnownFormat;
#[cfg(feature = "log")]
pub use self::logger::ContextLogger;

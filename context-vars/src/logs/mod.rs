//! The variables of the current context in every line of a log.
//!
//! [`ContextFormat`] does this for `tracing`, [`ContextLogger`] for `log`. No function passes anything
//! on and no span has to be opened: a line has the variables that are set when it is written. They are
//! named in lower case and sorted by name, after the fields of the event itself; where both have a name,
//! the event's field is written. [`Fields`](crate::Fields) chooses which variables are written and how, and
//! [`fields()`](crate::fields()) shows them in any other text.
//!
//! # Untrusted values
//!
//! Values often come from a request. A line break, an escape sequence, an invisible character, a quote
//! or a mebibyte of text stays one value in one line, and one string in one object of JSON. A
//! `#[redact]`ed value is `***`.
//!
//! A value may write log lines while it is formatted for one. It is formatted in an empty context, so
//! those lines have no variables, and formatting ends.
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

//! The variables of the current context in every line of a log.
//!
//! Nobody passes them on, and nobody opens a span for them: what is set when a line is written
//! stands in it. Variables are named in lower case and sorted by name, after the fields of the
//! event itself. [`Fields`](crate::Fields) chooses which; [`fields()`](crate::fields()) shows them
//! in a text of your own.
//!
//! # What a stranger can do
//!
//! Values often come from a request. A line break, an escape sequence, a quote or a mebibyte of
//! text stays one value in one line, and one string in one object of JSON. A `#[redact]`ed value
//! is `***`.
//!
//! # Examples
//!
//! Two requests and what they call, with `tracing`:
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
mod format;
#[cfg(feature = "log")]
mod logger;

#[cfg(feature = "tracing")]
pub use self::format::ContextFormat;
#[cfg(feature = "tracing")]
pub use self::known_format::KnownFormat;
#[cfg(feature = "log")]
pub use self::logger::ContextLogger;

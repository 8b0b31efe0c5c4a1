//! Variables that travel to other processes: in headers and in W3C baggage.
//!
//! A [`Propagator`] lists which variables travel, and under which names. It is an allow-list by
//! construction: what it does not list is neither sent nor accepted, whatever else a context holds
//! or a peer sends. Members of W3C baggage that are not listed can pass through, unread, if
//! [`Builder::forward_unlisted`] says so. It knows nothing of HTTP: anything that carries texts under names is an
//! [`Injector`] and [`Extractor`], a queue's message headers, a job's metadata, the environment of
//! a child process.
//!
//! # What comes in is not trusted
//!
//! A value that is too long, malformed, of the wrong type, or holds control characters, and a header
//! that comes twice, leaves its variable as it was and is reported, as a [`Rejection`], to
//! [`Builder::on_rejection`]. It never panics and a value is never cut. But a well-formed value is
//! believed: extract only what comes from a peer that may speak for its users.
//!
//! The same holds for what goes out: under a listed name only the context speaks. A header that was
//! copied from a client's request is replaced, or removed where the variable is not set, and
//! `baggage` is merged member by member; see [`Propagator::inject`].
//!
//! # Which form
//!
//! * [`Header`]: the value's text as it stands, for what has a header of its own
//!   and consists of visible ASCII: ids, numbers, tokens.
//! * [`Baggage`]: a member of the header `baggage`, percent-encoded, for any text without control
//!   characters. OpenTelemetry reads and writes it in every language, though not all read the same
//!   text in the same bytes.
//!
//! Both take any type: [`Header::new`] and [`Baggage::new`] one with `Display` and `FromStr`,
//! [`Header::with`] and [`Baggage::with`] any other, such as `Arc<str>`, by two functions. For an id,
//! [`as_id`](Header::as_id) accepts only what can be one.
//!
//! # How baggage is read and written
//!
//! By the letter of [W3C Baggage](https://www.w3.org/TR/baggage/):
//!
//! * At most 180 members and 8192 bytes of one message are sent or accepted. Members that go beyond
//!   are left out and reported; those that fit stay. All `baggage` headers of a message count as
//!   one, and members that are not listed count, too.
//! * Of a key that comes twice the last member counts, across headers in their order.
//! * Properties of a listed member (`tenant=acme;ttl=5`) are ignored, and none are sent.
//! * Escapes that do not make UTF-8 become U+FFFD, and half an escape is malformed.
//! * Control characters are refused in both directions, though W3C lets them travel as escapes:
//!   they forge lines in logs and headers further on.
//!
//! The page [baggage](crate::docs::baggage) counts what comes through from and to OpenTelemetry for
//! Python, Node and Rust, and says who is right where they differ. Two of their ways are worth
//! knowing: Python writes a blank as `+`, so [`plus_as_space`](Baggage::plus_as_space) is for what it
//! sends; Rust (0.33) does not escape a `%` that it sends, so that its `%41` arrives as `A`.
//!
//! # Examples
//!
//! ```
//! use std::collections::HashMap;
//! use context_vars::propagation::{Baggage, Header, Propagator};
//! use context_vars::{Context, context_var};
//!
//! context_var! {
//!     static REQUEST_ID: u64;
//!     static TENANT: String;
//!     static PASSWORD: String; // is not listed, does not travel
//! }
//!
//! # fn main() {
//! let propagator = Propagator::builder()
//!     .header(Header::new(&REQUEST_ID, "x-request-id"))
//!     .baggage(Baggage::new(&TENANT, "tenant"))
//!     .build();
//!
//! let here = Context::new()
//!     .with_value(&REQUEST_ID, 7)
//!     .with_value(&TENANT, "Müller & Co".to_owned())
//!     .with_value(&PASSWORD, "secret".to_owned());
//! let mut message = HashMap::new();
//! propagator.inject(&here, &mut message);
//! assert_eq!(message["x-request-id"], "7");
//! assert_eq!(message["baggage"], "tenant=M%C3%BCller%20%26%20Co");
//!
//! let mut there = propagator.extract(Context::new(), &message);
//! there.run(|| assert_eq!((REQUEST_ID.get(), TENANT.get()), (7, "Müller & Co".to_owned())));
//! assert!(!there.contains(&PASSWORD));
//! # }
//! ```

mod rejection;
mod carrier;
mod baggage;
mod codec;
mod entry;
mod unlisted;
mod propagator;
mod builder;

pub use self::builder::Builder;
pub use self::carrier::{Extractor, Injector};
pub use self::entry::{Baggage, Header};
pub use self::propagator::Propagator;
pub use self::rejection::{Rejection, RejectionKind};

//! Variables that travel to other processes: in headers and in W3C baggage.
//!
//! A [`Propagator`] lists which variables travel, and under which names. The list is an allow-list: a
//! variable that is not listed is neither sent nor accepted, whatever the context holds or a peer sends.
//! Members of W3C baggage that are not listed pass through unread if [`Builder::forward_unlisted`] is
//! called. A propagator does not depend on HTTP: any type that carries texts under names can be an
//! [`Injector`] and [`Extractor`]. Examples are the headers of a queue's message, the metadata of a job,
//! and the environment of a child process.
//!
//! # Untrusted values
//!
//! A received value is rejected if it is too long, malformed, of the wrong type, or contains control
//! characters, and so is a header that is repeated. The variable then stays unchanged, and the value is
//! reported as a [`Rejection`] to [`Builder::on_rejection`]. A received value never causes a panic and is
//! never truncated. A well-formed value is accepted as true, so extract values only from a peer that you
//! trust to speak for its users.
//!
//! A sent request has, under a listed name, only the value from the context. A header that was copied
//! from a client's request is replaced, or removed if the variable is not set, and `baggage` is merged
//! member by member; see [`Propagator::inject`].
//!
//! # Header or baggage
//!
//! * [`Header`]: the unchanged text of the value in a separate header, for visible ASCII: ids, numbers,
//!   tokens.
//! * [`Baggage`]: a member of the header `baggage`, percent-encoded, for any text without control
//!   characters. OpenTelemetry reads and writes it in every language, but not every language reads
//!   the same text from the same bytes.
//!
//! Both support any type: [`Header::new`] and [`Baggage::new`] use `Display` and `FromStr`, while
//! [`Header::with`] and [`Baggage::with`] use two functions, for types such as `Arc<str>`. With
//! [`as_id`](Header::as_id), only a text that can be an id is accepted.
//!
//! # How baggage is read and written
//!
//! Baggage follows [W3C Baggage](https://www.w3.org/TR/baggage/):
//!
//! * At most 180 members and 8192 bytes of one message are sent or accepted. Members beyond these limits
//!   are left out and reported; those that fit stay. All `baggage` headers of a message count as one
//!   header, and members that are not listed count, too.
//! * If a key occurs twice, the last member counts, across headers in their order.
//! * Properties of a listed member (`tenant=acme;ttl=5`) are ignored, and none are sent.
//! * Escapes that are not UTF-8 become U+FFFD, and half an escape is malformed.
//! * Control characters are rejected in both directions, although W3C allows them as escapes, because
//!   they forge lines in logs and headers of later services.
//!
//! The page [baggage](crate::docs::baggage) compares this with OpenTelemetry for Python, Node and Rust.
//! Two differences matter most. Python writes a blank as `+`, so use
//! [`plus_as_space`](Baggage::plus_as_space) for members that it sends. Rust (0.33) does not escape a `%`,
//! so its `%41` arrives as `A`.
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

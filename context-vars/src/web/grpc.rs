//! The header `grpc-timeout`: how long the caller of a gRPC method still waits.

use core::time::Duration;

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};

pub(super) const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The units from the finest, each with what it is in nanoseconds.
const UNITS: [(char, u128); 6] = [
    ('n', 1),
    ('u', 1_000),
    ('m', 1_000_000),
    ('S', 1_000_000_000),
    ('M', 60_000_000_000),
    ('H', 3_600_000_000_000),
];

/// The largest number that has the eight digits that the protocol allows.
const MOST: u128 = 99_999_999;

/// Returns how long the client of a gRPC request still waits: what its `grpc-timeout` says.
///
/// For [`ContextLayer::deadline_from`](super::ContextLayer::deadline_from). Returns `None` if the
/// header is missing, malformed or repeated. The value is a number of one to eight digits and a
/// unit: `H`, `M`, `S` for hours, minutes and seconds, `m`, `u`, `n` for milliseconds, microseconds
/// and nanoseconds.
///
/// # Examples
///
/// ```
/// use context_vars::web::{ContextLayer, grpc_timeout};
/// use http::Request;
/// use std::time::Duration;
///
/// # fn main() {
/// let layer = ContextLayer::new().deadline_from(grpc_timeout);
/// # let _ = layer;
///
/// let request = Request::builder().header("grpc-timeout", "250m").body(()).unwrap();
/// let (parts, ()) = request.into_parts();
/// assert_eq!(grpc_timeout(&parts), Some(Duration::from_millis(250)));
/// # }
/// ```
#[must_use]
pub fn grpc_timeout(parts: &Parts) -> Option<Duration> {
    decode(&parts.headers)
}

pub(super) fn decode(headers: &HeaderMap) -> Option<Duration> {
    let mut values = headers.get_all(GRPC_TIMEOUT).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let text = value.to_str().ok()?;
    let unit = text.chars().next_back()?;
    let digits = text.strip_suffix(unit)?;
    let is_number = (1..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number {
        return None;
    }
    let number: u32 = digits.parse().ok()?;
    let (_, nanoseconds) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    let unit = Duration::from_nanos(u64::try_from(nanoseconds).ok()?);
    unit.checked_mul(number)
}

/// Returns a duration as a value of `grpc-timeout`, in the finest unit in which it has at most eight
/// digits.
///
/// Rounded down, so that the other side never has more time than there is; zero is `0n`. The longest
/// is `99999999H`.
///
/// # Examples
///
/// What is left of the current work's time, for a client that is no `tower` service;
/// [`InjectLayer::grpc_timeout`](super::InjectLayer::grpc_timeout) does this for those that are:
///
/// ```
/// use context_vars::{deadline, web::encode_grpc_timeout};
/// use http::HeaderMap;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert_eq!(encode_grpc_timeout(Duration::from_millis(250)), "250000u");
///
/// deadline::timeout(Duration::from_secs(1), async {
///     let mut headers = HeaderMap::new();
///     if let Some(left) = deadline::time_left() {
///         headers.insert("grpc-timeout", encode_grpc_timeout(left));
///     }
/// }).await.unwrap();
/// # }
/// ```
#[must_use]
pub fn encode_grpc_timeout(duration: Duration) -> HeaderValue {
    let nanoseconds = duration.as_nanos();
    let fits = |(_, unit): &(char, u128)| nanoseconds / unit <= MOST;
    let (name, unit) = UNITS.into_iter().find(fits).unwrap_or(UNITS[5]);
    let text = format!("{}{name}", (nanoseconds / unit).min(MOST));
    // Never empty: digits and a letter can be in a header.
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("0n"))
}

//! The header `grpc-timeout`: the time for which the caller of a gRPC method still waits.

use core::time::Duration;

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};

pub(super) const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The units, the finest first, each with its length in nanoseconds.
const UNITS: [(char, u128); 6] = [
    ('n', 1),
    ('u', 1_000),
    ('m', 1_000_000),
    ('S', 1_000_000_000),
    ('M', 60_000_000_000),
    ('H', 3_600_000_000_000),
];

/// The largest number with eight digits, which are the most that the protocol allows.
const MOST: u128 = 99_999_999;

/// Returns the time for which the client of a gRPC request still waits, from its header
/// `grpc-timeout`.
///
/// Can be passed to [`ContextLayer::deadline_from`](super::ContextLayer::deadline_from). Returns
/// `None` if the header is missing, malformed or repeated. The value is a number of one to eight
/// digits and a unit: `H`, `M`, `S` for hours, minutes and seconds, `m`, `u`, `n` for milliseconds,
/// microseconds and nanoseconds.
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
/// The value is rounded down, so that the peer never has more time than is left. Zero is `0n`, and
/// the longest value is `99999999H`.
///
/// # Examples
///
/// The time that the current work has left, sent by a client that is not a `tower` service (for
/// `tower` services use [`InjectLayer::grpc_timeout`](super::InjectLayer::grpc_timeout)):
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
    // The conversion never fails, because digits and a letter are allowed in a header.
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("0n"))
}

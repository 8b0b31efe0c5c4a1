//! The time that the current work has left, in a header of a client's request.

use core::time::Duration;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::grpc;
use crate::deadline::time_left;

/// A header that sends the time that the current work has left.
#[derive(Clone)]
pub(super) struct DeadlineHeader {
    name: HeaderName,
    encode: Arc<dyn Fn(Duration) -> HeaderValue + Send + Sync>,
    /// Reads the time that the request has been given already.
    decode: fn(&HeaderMap) -> Option<Duration>,
}

impl DeadlineHeader {
    pub(super) fn new(
        name: HeaderName,
        encode: impl Fn(Duration) -> HeaderValue + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            encode: Arc::new(encode),
            decode: |_| None,
        }
    }

    pub(super) fn grpc_timeout() -> Self {
        Self {
            name: grpc::GRPC_TIMEOUT,
            encode: Arc::new(grpc::encode_grpc_timeout),
            decode: grpc::decode,
        }
    }

    /// Sets the header, unless the current work has no limit, or the request has less time already.
    pub(super) fn send(&self, headers: &mut HeaderMap) {
        let Some(left) = time_left() else {
            return;
        };
        if (self.decode)(headers).is_none_or(|given| left < given) {
            headers.insert(self.name.clone(), (self.encode)(left));
        }
    }
}

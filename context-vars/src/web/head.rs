//! The head of a request, for code that does not depend on the type of the body.

use core::mem;

use http::request::Parts;
use http::{HeaderMap, Request};

/// The head of a request. It stays in the request while only headers are used, because taking a request apart
/// and putting it together again would copy it twice.
pub(super) trait Head {
    fn headers_mut(&mut self) -> &mut HeaderMap;

    /// Calls `read` with the head, which is moved out of the request meanwhile.
    fn with_parts(&mut self, read: &mut dyn FnMut(&Parts));
}

impl<A> Head for Request<A> {
    #[inline]
    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.headers_mut()
    }

    fn with_parts(&mut self, read: &mut dyn FnMut(&Parts)) {
        let (mut parts, ()) = Request::new(()).into_parts();
        swap(self, &mut parts);
        read(&parts);
        swap(self, &mut parts);
    }
}

fn swap<A>(request: &mut Request<A>, parts: &mut Parts) {
    mem::swap(request.method_mut(), &mut parts.method);
    mem::swap(request.uri_mut(), &mut parts.uri);
    mem::swap(request.version_mut(), &mut parts.version);
    mem::swap(request.headers_mut(), &mut parts.headers);
    mem::swap(request.extensions_mut(), &mut parts.extensions);
}

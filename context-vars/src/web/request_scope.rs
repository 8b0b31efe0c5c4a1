//! The scope that a layer gives each request, if it is configured to, up to the last byte of the
//! response.

#[cfg(not(feature = "deadline"))]
pub(super) use self::absent::{RequestScope, ScopePlan};
#[cfg(feature = "deadline")]
pub(super) use self::present::{RequestScope, ScopePlan};

use core::ops::ControlFlow;
use core::pin::Pin;
use core::task::{self, Poll};
use std::error::Error;

use http_body::{Body, Frame, SizeHint};

use crate::in_context::InContext;

pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// The result of polling a body with the frames of `B`.
type PollFrame<B> = Poll<Option<Result<Frame<<B as Body>::Data>, BoxError>>>;

/// Returns the size of the rest of a body. The body's `size_hint` is called in a copy of its
/// context.
pub(super) fn size_hint<B: Body>(body: &InContext<Option<B>>) -> SizeHint {
    let hint = |body: &Option<B>| body.as_ref().map(B::size_hint);
    let hint = body.run_ref(hint).flatten();
    hint.unwrap_or_else(|| SizeHint::with_exact(0))
}

/// Polls a body, which is at its end if it was dropped.
fn poll_frame<B>(body: Pin<&mut Option<B>>, cx: &mut task::Context<'_>) -> PollFrame<B>
where
    B: Body<Error: Into<BoxError>>,
{
    match body.as_pin_mut() {
        Some(body) => body
            .poll_frame(cx)
            .map(|frame| frame.map(|frame| frame.map_err(Into::into))),
        None => Poll::Ready(None),
    }
}

/// Polls a body inside its context. If the body then reports that the frame was its last and `completes`
/// returns `true`, drops the body immediately, inside the context. Entering the context for a later drop
/// would allocate.
#[inline]
fn poll_to_end<B>(
    body: Pin<&mut InContext<Option<B>>>,
    cx: &mut task::Context<'_>,
    completes: impl FnOnce(&B) -> bool,
) -> PollFrame<B>
where
    B: Body<Error: Into<BoxError>>,
{
    body.run_to_last(|mut body| {
        let polled = poll_frame(body.as_mut(), cx);
        let is_last = matches!(polled, Poll::Ready(Some(Ok(_))))
            && body
                .as_ref()
                .as_pin_ref()
                .is_none_or(|body| body.is_end_stream() && completes(&body));
        if is_last {
            ControlFlow::Break(polled)
        } else {
            ControlFlow::Continue(polled)
        }
    })
}

#[cfg(feature = "deadline")]
mod present {
    use core::pin::Pin;
    use core::task::{self, Poll, ready};
    use core::time::Duration;
    use std::sync::Arc;

    use http::request::Parts;
    use http::{Response, StatusCode};
    use http_body::{Body, SizeHint};

    use super::super::head::Head;
    use super::{BoxError, PollFrame, poll_to_end, size_hint};
    use crate::context::Context;
    use crate::deadline::{Elapsed, request};
    use crate::in_context::InContext;

    type Limit = dyn Fn(&Parts) -> Option<Duration> + Send + Sync;
    type Answer = dyn Fn(Elapsed) -> Response<()> + Send + Sync;

    /// The scope that each request gets.
    #[derive(Clone, Default)]
    pub(in crate::web) struct ScopePlan {
        pub(in crate::web) has_scope: bool,
        /// The functions that return a request's time. The shortest time counts.
        pub(in crate::web) limits: Vec<Arc<Limit>>,
        pub(in crate::web) answer: Option<Arc<Answer>>,
    }

    impl ScopePlan {
        /// Begins the scope of a request that runs in `context`.
        #[inline]
        pub(in crate::web) fn begin(
            &self,
            context: Context,
            request: &mut dyn Head,
        ) -> (Context, RequestScope) {
            if self.has_scope {
                self.begin_scope(context, request)
            } else {
                (context, RequestScope::NONE)
            }
        }

        #[inline(never)]
        fn begin_scope(
            &self,
            mut context: Context,
            request: &mut dyn Head,
        ) -> (Context, RequestScope) {
            let mut duration = None;
            request.with_parts(&mut |parts| {
                let limits = self.limits.iter();
                duration = context.run(|| limits.filter_map(|limit| limit(parts)).min());
            });
            let (context, scope) = request::RequestScope::begin(context, duration);
            (context, RequestScope(Some(Box::pin(scope))))
        }

        /// Returns the response for a request whose time was over before the service answered.
        pub(in crate::web) fn answer(&self, elapsed: Elapsed) -> Response<()> {
            if let Some(answer) = &self.answer {
                return answer(elapsed);
            }
            let mut response = Response::new(());
            *response.status_mut() = StatusCode::GATEWAY_TIMEOUT;
            response
        }
    }

    /// The scope of a request. It is boxed because it moves from the future to the body, and
    /// because it then takes only one word in a request that has no scope.
    pub(in crate::web) struct RequestScope(Option<Pin<Box<request::RequestScope>>>);

    impl RequestScope {
        /// The scope of a request that has none.
        pub(in crate::web) const NONE: Self = Self(None);

        /// Moves the scope to the next part of the work.
        #[inline]
        pub(in crate::web) fn take(&mut self) -> Self {
            Self(self.0.take())
        }

        /// Waits until the time is over. Never completes if the request has no scope.
        #[inline]
        pub(in crate::web) fn poll_elapsed(&mut self, cx: &mut task::Context<'_>) -> Poll<Elapsed> {
            match &mut self.0 {
                Some(scope) => scope.as_mut().poll_elapsed(cx),
                None => Poll::Pending,
            }
        }

        /// Moves the scope to the body, which the server may leave unpolled at the deadline.
        #[inline]
        pub(in crate::web) fn take_for_body(&mut self) -> Self {
            if let Some(scope) = &self.0 {
                scope.elapse_unpolled();
            }
            self.take()
        }

        /// Ends the scope, because the last byte of the response was handed over.
        #[inline]
        pub(in crate::web) fn complete(&self) {
            if let Some(scope) = &self.0 {
                scope.complete();
            }
        }

        /// Returns `true` if a body that is at its end was sent as a whole.
        ///
        /// Once the time is over, the work that fills the body may have been stopped. The end of the body
        /// then counts only if the body knows that nothing is `left`. Otherwise a client would take a part
        /// for the whole.
        #[inline]
        pub(in crate::web) fn is_whole(&self, left: impl FnOnce() -> SizeHint) -> bool {
            let is_over = self.0.as_ref().is_some_and(|scope| scope.is_over());
            !is_over || left().exact() == Some(0)
        }

        /// Polls the body, and fails when the time is over before the body is.
        #[inline]
        pub(in crate::web) fn poll_frame<B>(
            &mut self,
            body: Pin<&mut InContext<Option<B>>>,
            cx: &mut task::Context<'_>,
        ) -> PollFrame<B>
        where
            B: Body<Error: Into<BoxError>>,
        {
            match self.0 {
                Some(_) => self.poll_frame_in_scope(body, cx),
                None => poll_to_end(body, cx, |_| true),
            }
        }

        fn poll_frame_in_scope<B>(
            &mut self,
            mut body: Pin<&mut InContext<Option<B>>>,
            cx: &mut task::Context<'_>,
        ) -> PollFrame<B>
        where
            B: Body<Error: Into<BoxError>>,
        {
            let found = self.0.as_ref().and_then(|scope| scope.elapsed());
            let elapsed = match found {
                Some(elapsed) => elapsed,
                None => {
                    let completes = |body: &B| {
                        let is_whole = self.is_whole(|| body.size_hint());
                        if is_whole {
                            self.complete();
                        }
                        is_whole
                    };
                    let polled = poll_to_end(body.as_mut(), cx, completes);
                    let is_end = match &polled {
                        Poll::Ready(Some(frame)) => frame.is_err() || body.is_done(),
                        Poll::Ready(None) => self.is_whole(|| size_hint(&body)),
                        Poll::Pending => false,
                    };
                    if is_end {
                        self.complete();
                        self.0 = None;
                        return polled;
                    }
                    if matches!(polled, Poll::Ready(Some(_))) {
                        // As with a timeout, a frame that is ready counts. The next poll fails.
                        self.elapse_if_over();
                        return polled;
                    }
                    ready!(self.poll_elapsed(cx))
                }
            };
            body.run_pinned(|mut body| body.set(None));
            self.0 = None;
            Poll::Ready(Some(Err(elapsed.into())))
        }

        fn elapse_if_over(&mut self) {
            if let Some(scope) = &mut self.0 {
                scope.as_mut().elapse_if_over();
            }
        }
    }
}

/// Without the feature `deadline` no request has a scope, and nothing here takes memory or time.
#[cfg(not(feature = "deadline"))]
mod absent {
    use core::convert::Infallible;
    use core::pin::Pin;
    use core::task::{self, Poll};

    use http::Response;
    use http_body::{Body, SizeHint};

    use super::super::head::Head;
    use super::{BoxError, PollFrame, poll_to_end};
    use crate::context::Context;
    use crate::in_context::InContext;

    #[derive(Clone, Default)]
    pub(in crate::web) struct ScopePlan;

    impl ScopePlan {
        #[inline]
        pub(in crate::web) fn begin(
            &self,
            context: Context,
            _: &mut dyn Head,
        ) -> (Context, RequestScope) {
            (context, RequestScope)
        }

        pub(in crate::web) fn answer(&self, elapsed: Infallible) -> Response<()> {
            match elapsed {}
        }
    }

    pub(in crate::web) struct RequestScope;

    impl RequestScope {
        #[inline]
        pub(in crate::web) fn take(&mut self) -> Self {
            Self
        }

        #[inline]
        pub(in crate::web) fn poll_elapsed(
            &mut self,
            _: &mut task::Context<'_>,
        ) -> Poll<Infallible> {
            Poll::Pending
        }

        #[inline]
        pub(in crate::web) fn take_for_body(&mut self) -> Self {
            Self
        }

        #[inline]
        pub(in crate::web) fn complete(&self) {}

        #[inline]
        pub(in crate::web) fn is_whole(&self, _: impl FnOnce() -> SizeHint) -> bool {
            true
        }

        #[inline]
        pub(in crate::web) fn poll_frame<B>(
            &mut self,
            body: Pin<&mut InContext<Option<B>>>,
            cx: &mut task::Context<'_>,
        ) -> PollFrame<B>
        where
            B: Body<Error: Into<BoxError>>,
        {
            poll_to_end(body, cx, |_| true)
        }
    }
}

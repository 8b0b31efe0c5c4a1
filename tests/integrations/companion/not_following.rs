//! Work that is given a context by hand, or none, runs in the state of its thread.

use std::sync::Arc;

use context_vars::companion::{self, TracingSpan};
use context_vars::web::ContextLayer;
use context_vars::{
    Context, context_var, detached, inherit, inherit_context, prelude::*, thread, with_context,
};
use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::BodyExt;
use tower::{Layer, Service, service_fn};

use crate::support::{ACME, NOTHING, Seen, in_acme, in_other, install, seen};

context_var! {
    static USER: &str = "anonymous";
}

fn poll<F: Future>(future: F) -> F::Output {
    future.now_or_never().expect("it never waits")
}

#[test]
fn scopes_and_contexts_leave_the_state_alone() {
    #[with_context(user = "alice")]
    async fn attribute() -> Seen {
        seen()
    }
    #[with_context(user = "alice")]
    fn returns() -> impl Future<Output = Seen> {
        async { seen() }
    }
    let wrapped = || async { seen() }.in_context(Context::current());
    assert_eq!(poll(in_acme(wrapped)), NOTHING);
    let scoped = || USER.scope("alice", async { seen() });
    assert_eq!(poll(in_acme(scoped)), NOTHING);
    assert_eq!(poll(in_acme(attribute)), NOTHING);
    assert_eq!(poll(in_acme(returns)), NOTHING);
    let mut by_hand = Box::pin(in_acme(|| ().in_context(Context::current())));
    assert_eq!(by_hand.as_mut().run_pinned(|_| seen()), NOTHING);
    let mut context = in_acme(Context::current);
    assert_eq!(context.run(seen), NOTHING);
    // And where there is some, it is seen.
    assert_eq!(in_acme(|| poll(wrapped())), ACME);
    assert_eq!(in_acme(|| USER.sync_scope("alice", seen)), ACME);
    assert_eq!(in_acme(|| poll(attribute())), ACME);
    assert_eq!(in_acme(|| detached(seen)), ACME);
}

#[test]
fn what_is_detached() {
    #[inherit_context]
    fn detached() -> Seen {
        let inherits = std::thread::spawn(|| seen());
        assert_eq!(inherits.join().unwrap(), ACME);
        std::thread::spawn(
            #[detach_context]
            || seen(),
        )
        .join()
        .unwrap()
    }
    assert_eq!(in_acme(detached), NOTHING);
}

#[test]
fn detached_requests() {
    install();
    let answer = async |_: Request<()>| Ok::<_, ()>(Response::new(format!("{:?}", seen())));
    let mut service = ContextLayer::new().detached().layer(service_fn(answer));
    let response = in_acme(|| service.call(Request::new(())));
    let body = poll(response).unwrap().into_body();
    let seen = poll(body.collect()).unwrap().to_bytes();
    assert_eq!(seen, format!("{NOTHING:?}"));
}

#[test]
fn nothing_to_take_is_nothing_to_enter() {
    install();
    let work = inherit(seen);
    // OpenTelemetry's context is taken when it is empty, too. A span cannot be hidden.
    assert_eq!(in_other(work), (Some("other"), None, 8));
    assert_eq!(thread::spawn(seen).join().unwrap(), NOTHING);
}

#[test]
fn second_companion_is_refused() {
    install();
    let error = companion::install(TracingSpan).unwrap_err();
    let shared: Arc<dyn std::error::Error + Send + Sync> = Arc::new(error);
    assert_eq!(
        shared.to_string(),
        "a companion is installed already; two can be installed together, as a pair"
    );
    assert_eq!(in_acme(|| inherit(seen))(), ACME);
}

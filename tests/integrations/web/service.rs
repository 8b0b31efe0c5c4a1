//! The generic layer: any kind of request.

use std::convert::Infallible;
use std::future::pending;

use context_vars::service::{ContextService, ContextServiceLayer};
use context_vars::{Context, context_var};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

use crate::support::Seen;

context_var! {
    static TENANT: String = "none".to_owned();
    static ATTEMPT: u32 = 0;
}

struct Job {
    tenant: &'static str,
}

const JOB: Job = Job { tenant: "acme" };

fn fill(context: Context, job: &Job) -> Context {
    context.with_value(&TENANT, job.tenant.to_owned())
}

async fn work(_: Job) -> Result<String, Infallible> {
    let before = TENANT.get();
    tokio::task::yield_now().await;
    assert_eq!(before, TENANT.get());
    TENANT.set("set by the job".into());
    Ok(format!("{before} {}", ATTEMPT.get()))
}

#[tokio::test]
async fn job_runs_in_a_copy_with_what_the_closure_adds() {
    let service = ServiceBuilder::new()
        .layer(ContextServiceLayer::new(fill))
        .service(service_fn(work));
    let done = ATTEMPT.scope(3, service.oneshot(JOB)).await;
    assert_eq!(done.unwrap(), "acme 3");
    assert!(!TENANT.is_set());
}

#[tokio::test]
async fn closure_may_isolate_and_jobs_keep_their_own() {
    let service = ContextService::new(service_fn(work), |_: Context, job: &Job| {
        fill(Context::new(), job)
    });
    let both = ATTEMPT.scope(3, async {
        tokio::join!(
            service.clone().oneshot(JOB),
            service.clone().oneshot(Job { tenant: "bolt" })
        )
    });
    assert_eq!(both.await, (Ok("acme 0".into()), Ok("bolt 0".into())));
}

#[tokio::test]
async fn cancelled_job_is_dropped_inside() {
    let seen = Seen::default();
    let note = seen.clone();
    let work = service_fn(move |_: Job| {
        note.note(format!("call {}", TENANT.get()));
        let guard = note.note_drop("future", || TENANT.get());
        async move {
            let _guard = guard;
            pending::<Result<(), Infallible>>().await
        }
    });
    let mut service = ContextServiceLayer::new(fill).layer(work);
    let future = service.call(JOB);
    TENANT.sync_scope("who drops".into(), || drop(future));
    assert_eq!(seen.lines(), ["call acme", "future acme"]);
    assert_eq!(format!("{service:?}"), "ContextService { .. }");
    assert_eq!(
        format!("{:?}", ContextServiceLayer::new(fill)),
        "ContextServiceLayer { .. }"
    );
}

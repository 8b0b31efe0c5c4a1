//! The state is left on every way out, and the work is dropped inside it.

use std::cell::RefCell;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use context_vars::web::ContextLayer;
use context_vars::{inherit, inherit_context, inherit_fn, prelude::*};
use http::{Request, Response};
use tower::{Layer, Service, service_fn};

use crate::shared::{OnDrop, poll_once};
use crate::support::{
    ACME, CANNOT_BE_ENTERED, NOTHING, Seen, WORKER, closed_by, in_acme, open_spans, seen, within,
};

/// Notes what it sees when it is dropped.
fn noting(at_drop: &Rc<RefCell<Vec<Seen>>>) -> OnDrop<impl FnMut() + use<>> {
    let at_drop = at_drop.clone();
    OnDrop(move || at_drop.borrow_mut().push(seen()))
}

fn on_drop() -> (Rc<RefCell<Vec<Seen>>>, OnDrop<impl FnMut()>) {
    let at_drop = Rc::default();
    let value = noting(&at_drop);
    (at_drop, value)
}

#[test]
fn work_is_dropped_inside_the_state_it_inherited() {
    let (at_drop, value) = on_drop();
    drop(in_acme(|| async move { drop(value) }.inherit_context()));
    let value = noting(&at_drop);
    {
        let future = async move {
            pending::<()>().await;
            drop(value);
        };
        let mut cancelled = pin!(in_acme(|| future.inherit_context()));
        assert!(poll_once(cancelled.as_mut()).is_pending());
    }
    let value = noting(&at_drop);
    let mut done = pin!(in_acme(|| std::future::poll_fn(move |_| {
        let _value = &value;
        Poll::Ready(())
    })
    .inherit_context()));
    assert!(poll_once(done.as_mut()).is_ready());
    let value = noting(&at_drop);
    drop(in_acme(|| inherit(move || drop(value))));
    let value = noting(&at_drop);
    drop(in_acme(|| inherit_fn(move |_: u32| _ = &value)));
    let value = noting(&at_drop);
    drop(in_acme(|| {
        (0..1).map(move |_| _ = &value).inherit_context()
    }));
    assert_eq!(*at_drop.borrow(), [ACME; 6]);
    assert_eq!(seen(), NOTHING);
}

#[test]
fn panics_leave_the_state() {
    #[inherit_context]
    fn by_attribute() -> Box<dyn FnOnce()> {
        fn spawn(f: impl FnOnce() + 'static) -> Box<dyn FnOnce()> {
            Box::new(f)
        }
        spawn(|| panic!("on purpose"))
    }
    let (at_drop, value) = on_drop();
    let caught = catch_unwind(AssertUnwindSafe(|| {
        in_acme(|| {
            inherit(|| {
                let _value = value;
                panic!("on purpose")
            })
        })();
    }));
    assert!(caught.is_err());
    assert_eq!((seen(), &*at_drop.borrow()), (NOTHING, &vec![ACME]));

    let mut future = pin!(in_acme(|| async { panic!("on purpose") }.inherit_context()));
    let caught = catch_unwind(AssertUnwindSafe(|| poll_once(future.as_mut())));
    assert!(caught.is_err());
    assert_eq!(seen(), NOTHING);

    let work = in_acme(by_attribute);
    assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
    assert_eq!(seen(), NOTHING);

    let bomb = OnDrop(|| {
        assert_eq!(seen(), ACME);
        panic!("on purpose");
    });
    let work = in_acme(|| async move { drop(bomb) }.inherit_context());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(work))).is_err());
    assert_eq!(seen(), NOTHING);
}

#[test]
fn companion_that_panics_leaves_what_was_entered_before() {
    fn span() -> tracing::Span {
        tracing::info_span!("request")
    }
    let (at_drop, value) = on_drop();
    let work = within(span, "acme", CANNOT_BE_ENTERED, || {
        inherit(move || drop(value))
    });
    assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
    assert_eq!((seen(), at_drop.borrow().len()), (NOTHING, 1));
}

#[test]
fn work_is_dropped_inside_its_context_also_if_the_companion_panics() {
    struct Worker(Rc<RefCell<Vec<&'static str>>>);
    impl Drop for Worker {
        fn drop(&mut self) {
            self.0.borrow_mut().push(WORKER.get());
        }
    }
    let seen = Rc::<RefCell<Vec<&'static str>>>::default();
    let value = Worker(seen.clone());
    let span = || tracing::info_span!("request");
    let work = WORKER.sync_scope("alice", || {
        let future = async move { drop(value) };
        within(span, "acme", CANNOT_BE_ENTERED, || future.inherit_context())
    });
    assert!(catch_unwind(AssertUnwindSafe(|| drop(work))).is_err());
    assert_eq!(*seen.borrow(), ["alice"]);
}

#[test]
fn span_is_closed_inside_when_the_work_is_done() {
    fn closing<R>(worker: &'static str, f: impl FnOnce() -> R) -> R {
        let span = || tracing::info_span!("closing");
        WORKER.sync_scope(worker, || within(span, "acme", 7, f))
    }
    let mut future = pin!(closing("future", || async {}.inherit_context()));
    assert_eq!(open_spans("closing"), 1);
    assert!(poll_once(future.as_mut()).is_ready());
    // The future is still there.
    assert_eq!((open_spans("closing"), closed_by()), (0, "future"));
    let closure = closing("closure", || inherit(seen));
    assert_eq!(open_spans("closing"), 1);
    closure();
    assert_eq!((open_spans("closing"), closed_by()), (0, "closure"));
    drop(closing("dropped", || async {}.inherit_context()));
    assert_eq!((open_spans("closing"), closed_by()), (0, "dropped"));
    let fails = service_fn(async |_: Request<()>| Err::<Response<String>, _>("refused"));
    let mut service = ContextLayer::new().layer(fails);
    let mut response = pin!(closing("refusal", || service.call(Request::new(()))));
    assert!(poll_once(response.as_mut()).is_ready());
    assert_eq!((open_spans("closing"), closed_by()), (0, "refusal"));
}

#[test]
fn result_outlives_the_state() {
    let text = in_acme(|| inherit(|| format!("{:?}", seen())))();
    assert_eq!(text, format!("{ACME:?}"));
}

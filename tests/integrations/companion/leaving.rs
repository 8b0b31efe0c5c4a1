//! The state is left on every way out, and the work is dropped inside it.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
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
    ACME, CANNOT_BE_ENTERED, NOTHING, Seen, WORKER, closing, in_acme, seen, within,
};

/// Notes what it sees when it is dropped.
struct Notes(Rc<RefCell<Vec<Seen>>>);

impl Drop for Notes {
    fn drop(&mut self) {
        self.0.borrow_mut().push(seen());
    }
}

/// Checks that a value is dropped in the state of [`in_acme`] by `f`, to which it is given.
#[track_caller]
fn check_drop(f: impl FnOnce(Notes)) {
    let seen = Rc::default();
    f(Notes(Rc::clone(&seen)));
    assert_eq!(seen.take(), [ACME]);
}

/// Checks that `f` panics and leaves no state.
#[track_caller]
fn check_panic<R>(f: impl FnOnce() -> R) {
    assert!(catch_unwind(AssertUnwindSafe(f)).is_err());
    assert_eq!(seen(), NOTHING);
}

#[test]
fn work_is_dropped_inside_the_state_it_inherited() {
    check_drop(|value| drop(in_acme(|| async move { drop(value) }.inherit_context())));
    check_drop(|value| {
        let future = async move {
            pending::<()>().await;
            drop(value);
        };
        let mut cancelled = pin!(in_acme(|| future.inherit_context()));
        assert!(poll_once(cancelled.as_mut()).is_pending());
    });
    let mut done = None;
    check_drop(|value| {
        let work = poll_fn(move |_| {
            let _value = &value;
            Poll::Ready(())
        });
        let done = done.insert(Box::pin(in_acme(|| work.inherit_context())));
        assert!(poll_once(done.as_mut()).is_ready());
    });
    check_drop(|value| drop(in_acme(|| inherit(move || drop(value)))));
    check_drop(|value| drop(in_acme(|| inherit_fn(move |_: u32| _ = &value))));
    check_drop(|value| {
        let steps = (0..1).map(move |_| _ = &value);
        drop(in_acme(|| steps.inherit_context()));
    });
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
    check_drop(|value| {
        check_panic(in_acme(|| {
            inherit(|| {
                let _value = value;
                panic!("on purpose")
            })
        }));
    });
    let mut future = pin!(in_acme(|| async { panic!("on purpose") }.inherit_context()));
    check_panic(|| poll_once(future.as_mut()));
    check_panic(in_acme(by_attribute));
    let bomb = OnDrop(|| {
        assert_eq!(seen(), ACME);
        panic!("on purpose");
    });
    let work = in_acme(|| async move { drop(bomb) }.inherit_context());
    check_panic(|| drop(work));
}

/// Wraps work in a state that cannot be entered.
fn in_unenterable<R>(f: impl FnOnce() -> R) -> R {
    let span = || tracing::info_span!("request");
    within(span, "acme", CANNOT_BE_ENTERED, f)
}

#[test]
fn companion_that_panics_leaves_what_was_entered_before() {
    let notes = Rc::default();
    let value = Notes(Rc::clone(&notes));
    check_panic(in_unenterable(|| inherit(move || drop(value))));
    assert_eq!(notes.take().len(), 1);
}

#[test]
fn work_is_dropped_inside_its_context_also_if_the_companion_panics() {
    let worker = Cell::new("");
    let value = OnDrop(|| worker.set(WORKER.get()));
    let future = async move { drop(value) };
    let work = WORKER.sync_scope("alice", || in_unenterable(|| future.inherit_context()));
    check_panic(|| drop(work));
    assert_eq!(worker.get(), "alice");
}

#[test]
fn span_is_closed_inside_when_the_work_is_done() {
    fn in_closing<R>(worker: &'static str, f: impl FnOnce() -> R) -> R {
        let span = || tracing::info_span!("closing");
        WORKER.sync_scope(worker, || within(span, "acme", 7, f))
    }
    let mut future = pin!(in_closing("future", || async {}.inherit_context()));
    assert_eq!(closing().0, 1);
    assert!(poll_once(future.as_mut()).is_ready());
    // The future is still there.
    assert_eq!(closing(), (0, "future"));
    let closure = in_closing("closure", || inherit(seen));
    assert_eq!(closing().0, 1);
    closure();
    assert_eq!(closing(), (0, "closure"));
    drop(in_closing("dropped", || async {}.inherit_context()));
    assert_eq!(closing(), (0, "dropped"));
    let fails = service_fn(async |_: Request<()>| Err::<Response<String>, _>("refused"));
    let mut service = ContextLayer::new().layer(fails);
    let mut response = pin!(in_closing("refusal", || service.call(Request::new(()))));
    assert!(poll_once(response.as_mut()).is_ready());
    assert_eq!(closing(), (0, "refusal"));
}

#[test]
fn result_outlives_the_state() {
    let text = in_acme(|| inherit(|| format!("{:?}", seen())))();
    assert_eq!(text, format!("{ACME:?}"));
}

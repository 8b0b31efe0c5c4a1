//! `InContext` of a message: opened inside the sender's context.

use std::future::{Ready, ready};
use std::pin::pin;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;

use context_vars::{InContext, prelude::*};

use crate::support::{
    DropHook, USER, Witnessed, as_alice, on_a_thread, panic_of, poll_once, soon, times, witness,
    yield_once,
};

#[test]
fn message_is_opened_inside_the_context_of_its_sender_on_another_thread() {
    let (outbox, inbox) = mpsc::channel::<InContext<u32>>();
    as_alice(|| outbox.send(1.inherit_context())).unwrap();
    let opened = on_a_thread(move || {
        let opened = soon(&inbox).run(|number| (number, USER.get()));
        (opened, USER.is_set())
    });
    assert_eq!(opened, ((1, "alice"), false));
}

#[test]
fn message_that_is_never_opened_is_dropped_inside_its_context() {
    let (hook, seen) = witness();
    let (outbox, inbox) = mpsc::channel();
    as_alice(|| outbox.send(hook.inherit_context())).unwrap();
    drop(inbox);
    assert_eq!(seen.users(), ["alice"]);
}

#[test]
fn handler_of_a_message_keeps_its_context_between_polls_and_is_dropped_inside() {
    for cancelled in [false, true] {
        let (hook, seen) = witness();
        let message = as_alice(|| hook.inherit_context());
        let work = message.run_async(|hook| {
            let user = USER.get();
            async move {
                yield_once().await;
                drop(hook);
                (user, USER.get())
            }
        });
        let mut handled = Box::pin(work);
        assert!(poll_once(handled.as_mut()).is_pending());
        assert!(!USER.is_set());
        if !cancelled {
            let polled = poll_once(handled.as_mut());
            assert_eq!(polled, Poll::Ready(("alice", "alice")));
        }
        drop(handled);
        assert_eq!(seen.users(), ["alice"], "cancelled: {cancelled}");
    }
}

#[test]
fn handler_that_panics_before_it_gives_a_future_leaves_the_context() {
    let message = as_alice(|| 1.inherit_context());
    let handler = |_| -> Ready<()> { panic!("{}", USER.get()) };
    let text = panic_of(|| message.run_async(handler));
    assert_eq!((text.as_str(), USER.get()), ("alice", "anonymous"));
}

#[test]
fn clone_of_a_message_is_opened_in_a_context_of_its_own_also_by_several_threads_at_once() {
    let message = as_alice(|| 1.inherit_context());
    let open = |message: InContext<u32>| {
        let opened = message.run(|number| {
            let user = USER.get();
            USER.set("bob");
            (number, user)
        });
        assert_eq!((opened, USER.get()), ((1, "alice"), "anonymous"));
    };
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| (0..times(200)).for_each(|_| open(message.clone())));
        }
    });
    open(message);
}

#[test]
fn message_is_cloned_and_dropped_inside_its_context() {
    /// Notes the user that is current when it is cloned or dropped.
    struct Notes(Witnessed, #[allow(dead_code)] DropHook);

    impl Clone for Notes {
        fn clone(&self) -> Self {
            drop(self.0.witness());
            USER.set("set by the clone");
            Self(self.0.clone(), self.0.witness())
        }
    }

    let (hook, seen) = witness();
    let notes = Notes(seen.clone(), hook);
    let message = as_alice(|| notes.inherit_context());
    drop(message.clone());
    assert!(!USER.is_set());
    drop(message);
    assert_eq!(seen.users(), ["alice", "set by the clone", "alice"]);
}

#[test]
fn clone_that_panics_leaves_the_context_and_the_message_as_they_were() {
    struct Fails;

    impl Clone for Fails {
        fn clone(&self) -> Self {
            panic!("{}", USER.get())
        }
    }

    let message = as_alice(|| Fails.inherit_context());
    let text = panic_of(|| drop(message.clone()));
    assert_eq!((text.as_str(), USER.get()), ("alice", "anonymous"));
    assert_eq!(message.run(|_| USER.get()), "alice");
}

#[test]
fn work_that_was_ready_is_neither_polled_nor_opened_again() {
    fn done() -> InContext<Ready<i32>> {
        let mut future = ready(1).inherit_context();
        assert_eq!(poll_once(pin!(&mut future)), Poll::Ready(1));
        future
    }
    let ways: [(&str, fn()); 4] = [
        ("a clone is polled", || {
            let _ = poll_once(pin!(done().clone()));
        }),
        ("it is opened", || done().run(|_| ())),
        ("a handler gets it", || {
            drop(done().run_async(|future| future))
        }),
        ("a handler is polled again", || {
            let mut handled = pin!(1.inherit_context().run_async(ready));
            assert_eq!(poll_once(handled.as_mut()), Poll::Ready(1));
            let _ = poll_once(handled);
        }),
    ];
    for (way, again) in ways {
        let expected = "work in a context was polled after it had completed";
        assert_eq!(panic_of(again), expected, "{way}");
    }
}

//! `InContext` of a message: opened inside the sender's context.

use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;
use std::thread;

use context_vars::{InContext, prelude::*};

use crate::support::{USER, as_alice, panic_of, poll_once, soon, witness, yield_once};

#[test]
fn message_is_opened_inside_the_context_of_its_sender_on_another_thread() {
    let (outbox, inbox) = mpsc::channel::<InContext<u32>>();
    as_alice(|| outbox.send(1.inherit_context())).unwrap();
    let opened = thread::spawn(move || {
        let message = soon(&inbox);
        let opened = message.run(|number| (number, USER.get()));
        (opened, USER.is_set())
    });
    assert_eq!(opened.join().unwrap(), ((1, "alice"), false));
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
    let (hook, seen) = witness();
    let message = as_alice(|| hook.inherit_context());
    let mut handled = pin!(message.run_async(|hook| {
        let user = USER.get();
        async move {
            yield_once().await;
            drop(hook);
            (user, USER.get())
        }
    }));
    assert!(poll_once(handled.as_mut()).is_pending());
    assert!(!USER.is_set());
    assert_eq!(poll_once(handled), Poll::Ready(("alice", "alice")));
    assert_eq!(seen.users(), ["alice"]);
}

#[test]
fn handler_that_is_cancelled_drops_the_message_inside() {
    let (hook, seen) = witness();
    let message = as_alice(|| hook.inherit_context());
    let work = message.run_async(|hook| async move {
        std::future::pending::<()>().await;
        drop(hook);
    });
    assert!(poll_once(pin!(work)).is_pending());
    assert_eq!(seen.users(), ["alice"]);
}

#[test]
fn handler_that_panics_before_it_gives_a_future_leaves_the_context() {
    let message = as_alice(|| 1.inherit_context());
    let text = panic_of(|| {
        let _future = message.run_async(|_| -> std::future::Ready<()> { panic!("{}", USER.get()) });
    });
    assert_eq!((text.as_str(), USER.get()), ("alice", "anonymous"));
}

#[test]
fn clone_of_a_message_is_opened_in_a_context_of_its_own() {
    let message = as_alice(|| 1.inherit_context());
    let clones = [message.clone(), message.clone(), message];
    let opened = clones.map(|clone| {
        clone.run(|number| {
            let user = USER.get();
            USER.set("bob");
            (number, user)
        })
    });
    assert_eq!(opened, [(1, "alice"); 3]);
}

#[test]
fn several_threads_may_clone_one_message_at_once() {
    // With 200, this test alone took Miri a fifth of its time.
    const CLONES: usize = if cfg!(miri) { 10 } else { 200 };
    let message = as_alice(|| 1.inherit_context());
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..CLONES {
                    let seen = message.clone().run(|_| USER.get());
                    assert_eq!((seen, USER.get()), ("alice", "anonymous"));
                }
            });
        }
    });
    assert_eq!(message.run(|_| USER.get()), "alice");
}

#[test]
fn message_is_cloned_and_dropped_inside_its_context() {
    #[derive(Default)]
    struct Notes(Arc<Mutex<Vec<&'static str>>>);

    impl Clone for Notes {
        fn clone(&self) -> Self {
            let user = USER.get();
            self.0.lock().unwrap().push(user);
            USER.set("set by the clone");
            Self(Arc::clone(&self.0))
        }
    }

    impl Drop for Notes {
        fn drop(&mut self) {
            self.0.lock().unwrap().push(USER.get());
        }
    }

    let notes = Notes::default();
    let seen = Arc::clone(&notes.0);
    let message = as_alice(|| notes.inherit_context());
    let clone = message.clone();
    assert!(!USER.is_set());
    drop(clone);
    drop(message);
    assert_eq!(
        *seen.lock().unwrap(),
        ["alice", "set by the clone", "alice"]
    );
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
fn clone_of_a_future_that_was_ready_is_one_that_was_ready() {
    let mut future = pin!(std::future::ready(1).inherit_context());
    assert_eq!(poll_once(future.as_mut()), Poll::Ready(1));
    let mut clone = pin!((*future).clone());
    let text = panic_of(|| {
        let _polled = poll_once(clone.as_mut());
    });
    assert_eq!(text, "work in a context was polled after it had completed");
}

#[test]
fn handler_of_a_message_is_not_polled_again_after_it_was_ready() {
    let message = as_alice(|| 1.inherit_context());
    let mut handled = pin!(message.run_async(std::future::ready));
    assert_eq!(poll_once(handled.as_mut()), Poll::Ready(1));
    let text = panic_of(|| {
        let _polled = poll_once(handled.as_mut());
    });
    assert_eq!(text, "work in a context was polled after it had completed");
}

#[test]
fn future_that_was_ready_is_not_opened_as_a_message() {
    let ready = || {
        let mut future = std::future::ready(1).inherit_context();
        assert_eq!(poll_once(pin!(&mut future)), Poll::Ready(1));
        future
    };
    let opened = panic_of(|| ready().run(|_| ()));
    let handled = panic_of(|| drop(ready().run_async(|future| future)));
    let expected = "work in a context was polled after it had completed";
    assert_eq!((opened.as_str(), handled.as_str()), (expected, expected));
}

#[test]
fn message_in_a_context_is_send_as_the_message_is() {
    trait IfSend {
        const IS_SEND: bool = false;
    }
    impl<T> IfSend for T {}
    struct Probe<T>(std::marker::PhantomData<T>);
    impl<T: Send> Probe<T> {
        const IS_SEND: bool = true;
    }
    const {
        assert!(Probe::<InContext<u32>>::IS_SEND);
        assert!(!Probe::<InContext<Rc<u32>>>::IS_SEND);
    }
}

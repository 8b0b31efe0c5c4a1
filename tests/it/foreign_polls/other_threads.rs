//! Work that is polled and dropped on another thread than the one before.

use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;

use context_vars::prelude::*;

use super::{Boxed, COUNT, counting, seen, ways};
use crate::support::{OnDrop, USER, alice, on_a_thread, poll_once, soon};

#[test]
fn polled_by_hand_from_several_threads_in_turn() {
    for (way, future) in ways() {
        let (first, mut receive) = mpsc::channel();
        let (done, finished) = mpsc::channel();
        // Each thread has a context of its own, which no poll may change.
        for thread in 0..3 {
            let (send, next) = mpsc::channel();
            let (from, done) = (std::mem::replace(&mut receive, next), done.clone());
            std::thread::spawn(move || poll_and_pass_on(thread, &from, &send, &done));
        }
        // The last passes on to the first.
        let ring = first.clone();
        std::thread::spawn(move || receive.iter().all(|future| ring.send(future).is_ok()));
        first.send((0, future)).unwrap();
        assert_eq!(soon(&finished), ("alice", 6), "{way}");
    }
}

type Passed = (u32, Boxed<&'static str>);

fn poll_and_pass_on(
    thread: u32,
    from: &mpsc::Receiver<Passed>,
    to: &mpsc::Sender<Passed>,
    done: &mpsc::Sender<(&'static str, u32)>,
) {
    // A scope takes over what its first poll finds.
    drop(COUNT.set(100 * thread));
    for (polls, mut future) in from {
        let before = seen();
        let polled = poll_once(future.as_mut());
        assert_eq!(seen(), before);
        match polled {
            // The threads after this one hear of nothing more, and end as well.
            Poll::Ready(user) => return done.send((user, polls + 1)).unwrap(),
            Poll::Pending => to.send((polls + 1, future)).unwrap(),
        }
    }
}

#[test]
fn moved_half_way_to_another_thread_and_finished_there() {
    // case 154
    for (way, mut future) in ways() {
        for _ in 0..2 {
            assert!(poll_once(future.as_mut()).is_pending(), "{way}");
            assert!(!USER.is_set() && !COUNT.is_set(), "{way}");
        }
        let there = on_a_thread(move || {
            drop(COUNT.set(50));
            for poll in 2..=5 {
                assert_eq!(poll_once(future.as_mut()).is_ready(), poll == 5);
                assert_eq!(COUNT.get(), 50);
            }
            seen()
        });
        assert_eq!(there, ("anonymous", false, 50, 1), "{way}");
    }
}

#[test]
fn dropped_on_another_thread() {
    let witness = Arc::new(Mutex::new(Vec::new()));
    for polls in 0..2 {
        let log = witness.clone();
        let hook = OnDrop(move || log.lock().unwrap().push((USER.get(), COUNT.get())));
        let mut future = Box::pin(
            async move {
                let _hook = hook;
                counting(5).await;
            }
            .in_context(alice()),
        );
        for _ in 0..polls {
            assert!(poll_once(future.as_mut()).is_pending());
        }
        let there = on_a_thread(move || {
            USER.sync_scope("there", || {
                drop(future);
                seen()
            })
        });
        assert_eq!(there, ("there", true, 0, 1));
    }
    assert_eq!(*witness.lock().unwrap(), [("alice", 0), ("alice", 1)]);
}

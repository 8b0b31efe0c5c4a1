//! Wakers that poll and drop.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as Waking, Poll, Wake, Waker};

use context_vars::{Context, prelude::*};

use super::{Boxed, COUNT, seen};
use crate::support::{Alive, TRACKED, USER, poll_once, yield_once};

#[test]
fn waker_that_polls_another_task_inline() {
    // case 159
    /// When woken, polls what it holds, on the stack of whoever wakes.
    struct Inline(Mutex<Option<Boxed<&'static str>>>, Mutex<Vec<&'static str>>);
    impl Wake for Inline {
        fn wake(self: Arc<Self>) {
            let Some(mut future) = self.0.lock().unwrap().take() else {
                return;
            };
            match poll_once(future.as_mut()) {
                Poll::Ready(user) => self.1.lock().unwrap().push(user),
                Poll::Pending => *self.0.lock().unwrap() = Some(future),
            }
        }
    }
    let other = async {
        drop(USER.set("other"));
        yield_once().await;
        USER.get()
    };
    let inline = Arc::new(Inline(
        Mutex::new(Some(Box::pin(other.in_context(Context::new())))),
        Mutex::default(),
    ));
    let waker = Waker::from(inline.clone());
    // `yield_once` wakes in the middle of a poll, which is in the middle of a scope.
    let mut own = pin!(USER.scope("own", async {
        for n in 0..2 {
            drop(COUNT.set(n));
            yield_once().await;
            assert_eq!((USER.get(), COUNT.get()), ("own", n));
        }
    }));
    let before = seen();
    while own
        .as_mut()
        .poll(&mut Waking::from_waker(&waker))
        .is_pending()
    {
        assert_eq!(seen(), before);
    }
    assert_eq!(*inline.1.lock().unwrap(), ["other"]);
}

#[test]
fn waker_called_inside_a_read_that_drops_what_is_read() {
    /// When woken, drops the context that holds the value.
    struct Dropping(Mutex<Option<Context>>);
    impl Wake for Dropping {
        fn wake(self: Arc<Self>) {
            drop(self.0.lock().unwrap().take());
        }
    }
    let alive = Alive::default();
    let mut context = Context::new().with_value(&TRACKED, alive.track());
    let dropping = Arc::new(Dropping(Mutex::new(Some(context.clone()))));
    context.run(|| {
        TRACKED.with(|_| {
            context_vars::detached(|| Waker::from(dropping.clone()).wake());
            assert_eq!(alive.count(), 1);
        });
    });
    drop(context);
    assert_eq!(alive.count(), 0);
}

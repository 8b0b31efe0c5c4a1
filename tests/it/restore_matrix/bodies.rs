//! The bodies: work that sets, in every way.

use std::pin::pin;
use std::time::Duration;

use context_vars::{Context, detached, prelude::*, task};
use futures::stream::{self, StreamExt};
use tokio::runtime::Handle;
use tokio::task::{block_in_place, yield_now};
use tokio::time::{sleep, timeout};

use super::{Body, COUNT, OTHER, SLOW_DEFAULT, USER, seen, trample, trample_and_yield};
use crate::support::{ended, on_a_thread, one_thread, panic_of, poll_once, yield_once};

const SHORTLY: Duration = Duration::from_micros(200);

#[context_vars::with_context(user = "attribute")]
fn sync_attribute() {
    trample();
}

#[context_vars::with_context(user = "attribute")]
async fn async_attribute() {
    trample_and_yield().await;
}

#[context_vars::with_context]
async fn isolating_attribute() -> Result<(), ()> {
    trample_and_yield().await;
    Err(())?;
    unreachable!()
}

table! {
    BODIES: Body;
    async fn nothing() {}
    async fn yields() {
        for _ in 0..3 {
            yield_now().await;
        }
    }
    async fn sleeps_in_nested_scopes() {
        USER.scope("inner", COUNT.scope(1, sleep(SHORTLY))).await;
    }
    async fn inner_sync_scope() {
        USER.sync_scope("inner", trample);
    }
    async fn inner_scope() {
        USER.scope("inner", trample_and_yield()).await;
    }
    async fn inner_scopes_nested() {
        USER.scope("inner", COUNT.scope(1, trample_and_yield())).await;
    }
    async fn inner_sync_attribute() {
        sync_attribute();
    }
    async fn inner_async_attribute() {
        async_attribute().await;
    }
    async fn inner_context_run() {
        Context::current().with_value(&USER, "inner").run(trample);
    }
    async fn inner_in_context() {
        trample_and_yield().in_context(Context::new()).await;
    }
    async fn inner_inherit_context() {
        trample_and_yield().inherit_context().await;
    }
    async fn detached_closure() {
        detached(trample);
    }
    async fn set_and_reset() {
        let (user, other) = (USER.set("inner"), OTHER.set(2));
        yield_once().await;
        // In the order of the sets, which is not that of a stack.
        user.reset().unwrap();
        other.reset().unwrap();
    }
    async fn spawned_and_awaited() {
        task::spawn(trample_and_yield()).await.unwrap();
    }
    async fn spawned_and_forgotten() {
        task::spawn(trample_and_yield());
    }
    async fn blocking_closure() {
        task::spawn_blocking(trample).await.unwrap();
    }
    async fn thread() {
        ended(context_vars::thread::spawn(trample));
    }
    async fn panics_in_a_scope() {
        assert_eq!(panic_of(|| USER.sync_scope("inner", || -> () { panic!("inside") })), "inside");
    }
    async fn panics_in_a_poll() {
        let mut inner = Box::pin(USER.scope("inner", async {
            trample_and_yield().await;
            panic!("inside");
        }));
        assert!(poll_once(inner.as_mut()).is_pending());
        assert_eq!(panic_of(|| poll_once(inner.as_mut())), "inside");
    }
    async fn returns_early() {
        assert_eq!(isolating_attribute().await, Err(()));
    }
    async fn dropped_half_way() {
        let mut inner = Box::pin(USER.scope("inner", trample_and_yield()));
        assert!(poll_once(inner.as_mut()).is_pending());
    }
    async fn never_polled() {
        drop(USER.scope("inner", trample_and_yield()));
        drop(trample_and_yield().inherit_context());
    }
    async fn blocks_in_place() {
        block_in_place(|| USER.sync_scope("inner", trample));
    }
    async fn nested_block_on() {
        block_in_place(|| Handle::current().block_on(USER.scope("inner", trample_and_yield())));
    }
    async fn nested_runtime() {
        block_in_place(|| {
            let runtime = one_thread();
            runtime.block_on(USER.scope("inner", async {
                task::spawn(trample_and_yield()).await.unwrap();
                trample();
            }));
        });
    }
    async fn stream_steps() {
        let steps = stream::iter(0..3).then(|_| trample_and_yield());
        let steps = steps.in_context(Context::new()).collect::<Vec<_>>();
        assert_eq!(steps.await.len(), 3);
    }
    async fn half_used_stream() {
        let mut steps = pin!(stream::repeat_with(trample).inherit_context());
        steps.next().await;
    }
    async fn iterator_steps() {
        assert_eq!((0..3).map(|_| trample()).inherit_context().rev().count(), 3);
    }
    async fn branch_that_lost() {
        tokio::select! {
            biased;
            () = USER.scope("lost", async {
                trample();
                std::future::pending().await
            }) => unreachable!(),
            () = USER.scope("won", trample_and_yield()) => {}
        }
    }
    async fn time_is_up() {
        let never = USER.scope("late", async {
            trample();
            std::future::pending::<()>().await;
        });
        timeout(SHORTLY, never).await.unwrap_err();
    }
    async fn polled_elsewhere_half_way() {
        let mut inner = Box::pin(USER.scope("inner", async {
            trample_and_yield().await;
            trample_and_yield().await;
        }));
        assert!(poll_once(inner.as_mut()).is_pending());
        let (inner, elsewhere) = on_a_thread(|| {
            assert!(poll_once(inner.as_mut()).is_pending());
            (inner, seen())
        });
        assert_eq!(elsewhere, "{}");
        inner.await;
    }
    async fn joined_scopes() {
        tokio::join!(USER.scope("a", trample_and_yield()), COUNT.scope(1, trample_and_yield()));
    }
    async fn computes_a_default() {
        assert_eq!(SLOW_DEFAULT.get(), "in a default");
    }
}

//! Caches that load a missing key once for all who wait for it, as the page on channels says.

use std::pin::pin;

use context_vars::{Context, InContext, context_var, prelude::*};
use moka::future::Cache;
use tokio::sync::OnceCell;
use tokio::task::yield_now;

use crate::support::{poll_once, soon};

context_var! {
    static USER: &str = "anonymous";
    static TENANT: &str;
}

async fn load() -> String {
    yield_now().await;
    format!("of {} for {}", TENANT.get(), USER.get())
}

/// Returns the context that the page recommends, with the variables that the key names.
fn load_for(tenant: &'static str) -> InContext<impl Future<Output = String>> {
    load().in_context(Context::new().with_value(&TENANT, tenant))
}

async fn as_user<F: Future>(user: &'static str, work: F) -> F::Output {
    USER.scope(user, TENANT.scope("acme", work)).await
}

#[tokio::test]
async fn loader_as_it_is_runs_as_the_task_that_came_first() {
    let cache = Cache::new(10);
    let loaded = tokio::join!(
        as_user("alice", cache.get_with("prices", load())),
        as_user("bob", cache.get_with("prices", load())),
    );
    let of_alice = "of acme for alice".to_owned();
    assert_eq!(loaded, (of_alice.clone(), of_alice.clone()));

    let cell = OnceCell::new();
    let loaded = tokio::join!(
        as_user("alice", cell.get_or_init(load)),
        as_user("bob", cell.get_or_init(load)),
    );
    assert_eq!(loaded, (&of_alice, &of_alice));
}

#[tokio::test]
async fn loader_in_the_context_of_its_key_is_the_same_for_every_task() {
    let cache = Cache::new(10);
    let loaded = tokio::join!(
        as_user("alice", cache.get_with("acme", load_for("acme"))),
        as_user("bob", cache.get_with("acme", load_for("acme"))),
    );
    let anonymous = "of acme for anonymous".to_owned();
    assert_eq!(loaded, (anonymous.clone(), anonymous));
}

#[tokio::test]
async fn loader_of_a_task_that_is_cancelled_is_followed_by_that_of_another_one() {
    let cache = Cache::<_, String>::new(10);
    let mut bob = pin!(as_user("bob", cache.get_with("acme", load_for("acme"))));
    {
        let never_loaded = cache.get_with("acme", std::future::pending());
        let mut alice = pin!(as_user("alice", never_loaded));
        assert!(poll_once(alice.as_mut()).is_pending());
        assert!(poll_once(bob.as_mut()).is_pending());
    }
    assert_eq!(soon(bob).await, "of acme for anonymous");

    let cell = OnceCell::new();
    let mut bob = pin!(as_user("bob", cell.get_or_init(|| load_for("acme"))));
    {
        let never_loaded = || std::future::pending::<String>();
        let mut alice = pin!(as_user("alice", cell.get_or_init(never_loaded)));
        assert!(poll_once(alice.as_mut()).is_pending());
        assert!(poll_once(bob.as_mut()).is_pending());
    }
    assert_eq!(soon(bob).await, "of acme for anonymous");
}

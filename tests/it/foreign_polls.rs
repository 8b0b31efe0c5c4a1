//! R8, R15: work polled, woken, moved and dropped where nobody would expect it restores exactly.

use std::future::Future;
use std::pin::Pin;

use context_vars::{Context, context_var, prelude::*};

use crate::support::{USER, alice, yield_once};

mod other_threads;
mod wakers;
mod inside_others;

context_var! {
    static COUNT: u32 = 0;
}

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// All that can be seen of the current context.
fn seen() -> (&'static str, bool, u32, usize) {
    (
        USER.get(),
        USER.is_set(),
        COUNT.get(),
        Context::current().len(),
    )
}

/// Counts its polls in `COUNT` and gives the user at the end.
async fn counting(polls: u32) -> &'static str {
    for n in 0..polls {
        assert_eq!(COUNT.get(), n);
        drop(COUNT.set(n + 1));
        yield_once().await;
    }
    USER.get()
}

/// Each way to give a future a context, nested ones included.
fn ways() -> Vec<(&'static str, Boxed<&'static str>)> {
    let both = || USER.scope("bob", USER.scope("alice", counting(5)));
    vec![
        ("in_context", Box::pin(counting(5).in_context(alice()))),
        (
            "inherit_context",
            USER.sync_scope("alice", || Box::pin(counting(5).inherit_context()) as _),
        ),
        ("scope", Box::pin(USER.scope("alice", counting(5)))),
        ("scope in scope", Box::pin(both())),
        (
            "scope in inherit_context",
            Box::pin(both().inherit_context()),
        ),
        (
            "in_context in scope",
            Box::pin(USER.scope("bob", counting(5).in_context(alice()))),
        ),
        ("attribute", Box::pin(by_attribute("alice"))),
    ]
}

#[context_vars::with_context(user = user)]
async fn by_attribute(user: &'static str) -> &'static str {
    counting(5).await
}

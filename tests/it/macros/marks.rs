//! `#[inherit_context]` and `#[detach_context]` on closures and `async` blocks.

use std::thread;

use context_vars::{inherit_context, with_context};

use super::spawner::{self, exactly};
use super::{USER, as_alice, later, user};

fn elsewhere<R>(f: impl FnOnce() -> R) -> R {
    USER.sync_scope("elsewhere".to_owned(), f)
}

#[inherit_context]
fn marked_closures(suffix: &str) -> [String; 4] {
    let borrowing = #[inherit_context]
    || user() + suffix;
    let again = #[inherit_context]
    move |n: u8| format!("{n}{}", user());
    let detached = #[detach_context]
    || user();
    [
        elsewhere(borrowing),
        elsewhere(|| again(1) + &again(2)),
        elsewhere(detached),
        elsewhere(
            #[inherit_context]
            || user(),
        ),
    ]
}

#[test]
fn marked_closures_run_where_they_were_made() {
    let seen = as_alice(|| marked_closures("!"));
    assert_eq!(seen, ["alice!", "1alice2alice", "nobody", "alice"]);
}

#[inherit_context]
async fn marked_blocks() -> [String; 3] {
    async fn elsewhere(future: impl Future<Output = String>) -> String {
        USER.scope("elsewhere".to_owned(), future).await
    }
    let inherits = #[inherit_context]
    async {
        later().await
    };
    let detached = #[detach_context]
    async move {
        later().await
    };
    let boxed = Box::pin(
        #[inherit_context]
        async {
            user()
        },
    );
    [
        elsewhere(inherits).await,
        elsewhere(detached).await,
        elsewhere(boxed).await,
    ]
}

#[tokio::test]
async fn marked_blocks_run_where_they_were_made() {
    let blocks = USER.scope("alice".to_owned(), marked_blocks());
    assert_eq!(blocks.await, ["alice", "nobody", "alice"]);
}

#[inherit_context]
fn detached_in_a_spawn_call() -> [String; 3] {
    [
        exactly::spawn(
            #[detach_context]
            || user(),
        )(),
        spawner::spawn(|| user()),
        futures::executor::block_on(exactly::spawn(
            #[detach_context]
            async {
                user()
            },
        )),
    ]
}

#[test]
fn detached_work_starts_empty() {
    let seen = as_alice(detached_in_a_spawn_call);
    assert_eq!(seen, ["nobody", "alice", "nobody"]);
}

#[with_context(user = "scope".to_owned())]
fn in_a_scope() -> [String; 2] {
    let inherits = #[inherit_context]
    || user();
    let detached = #[context_vars::detach_context]
    || user();
    // A raw spawn does not inherit here.
    assert_eq!(thread::spawn(user).join().unwrap(), "nobody");
    [spawner::spawn(inherits), detached()]
}

#[with_context(user = "scope".to_owned())]
async fn in_an_async_scope() -> String {
    let task = tokio::spawn(
        #[inherit_context]
        async {
            later().await
        },
    );
    task.await.unwrap()
}

#[tokio::test]
async fn marks_work_under_with_context() {
    assert_eq!(in_a_scope(), ["scope", "nobody"]);
    assert_eq!(in_an_async_scope().await, "scope");
}

#[inherit_context]
fn deep() -> Vec<String> {
    let mut results = vec![elsewhere(
        #[inherit_context]
        || user(),
    )];
    if let Some(job) = Some(
        #[inherit_context]
        move || user(),
    ) {
        results.push(elsewhere(&job));
    }
    results.push(elsewhere(
        #[inherit_context]
        || {
            elsewhere(
                #[inherit_context]
                || user(),
            )
        },
    ));
    results
}

#[test]
fn marks_are_found_anywhere() {
    assert_eq!(as_alice(deep), ["alice"; 3]);
}

//! `#[inherit_context]` and `#[detach_context]` on closures and `async` blocks.

use std::cell::RefCell;
use std::thread;

use context_vars::{inherit_context, with_context};

use super::{USER, as_alice, user};
use crate::support::yield_once;

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
    let inherits = #[inherit_context]
    async {
        yield_once().await;
        user()
    };
    let detached = #[detach_context]
    async move {
        yield_once().await;
        user()
    };
    let boxed = Box::pin(
        #[inherit_context]
        async {
            user()
        },
    );
    let elsewhere = |future| USER.scope("elsewhere".to_owned(), future);
    [
        elsewhere(Box::pin(inherits) as std::pin::Pin<Box<dyn Future<Output = String>>>).await,
        elsewhere(Box::pin(detached)).await,
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
        thread::spawn(
            #[detach_context]
            || user(),
        )
        .join()
        .unwrap(),
        thread::spawn(|| user()).join().unwrap(),
        futures::executor::block_on(spawn_here(
            #[detach_context]
            async {
                user()
            },
        )),
    ]
}

async fn spawn_here<F: Future>(future: F) -> F::Output {
    future.await
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
    [thread::spawn(inherits).join().unwrap(), detached()]
}

#[with_context(user = "scope".to_owned())]
async fn in_an_async_scope() -> String {
    tokio::spawn(
        #[inherit_context]
        async {
            yield_once().await;
            user()
        },
    )
    .await
    .unwrap()
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
        results.extend([1].map(|_| elsewhere(job_of(&job))));
    }
    for _ in 0..1 {
        results.push(elsewhere(
            #[inherit_context]
            || {
                elsewhere(
                    #[inherit_context]
                    || user(),
                )
            },
        ));
    }
    results
}

fn job_of<'a>(job: &'a dyn Fn() -> String) -> impl Fn() -> String + 'a {
    move || job()
}

#[test]
fn marks_are_found_anywhere() {
    assert_eq!(as_alice(deep), ["alice", "alice", "alice"]);
}

struct Noisy;

thread_local! {
    /// Who was the user at each drop.
    static DROPS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

impl Drop for Noisy {
    fn drop(&mut self) {
        DROPS.with_borrow_mut(|drops| drops.push(user()));
    }
}

#[inherit_context]
fn drops(thing: Noisy) {
    let job = #[inherit_context]
    |argument: Noisy, _: Noisy, (inside, _): (Noisy, Noisy)| {
        let _local = inside;
        let _argument = &argument;
        drop(thing);
    };
    elsewhere(|| job(Noisy, Noisy, (Noisy, Noisy)));
}

#[inherit_context]
async fn drops_of_async_closures() {
    let borrowing = String::new();
    let by_reference = #[inherit_context]
    async |argument: Noisy, _: Noisy, (inside, _): (Noisy, Noisy)| {
        let _local = (&inside, &borrowing);
        let _argument = &argument;
        crate::support::yield_once().await;
    };
    let by_move = #[detach_context]
    async move |_argument: Noisy| ();
    let scope = USER.scope("elsewhere".to_owned(), async {
        by_reference(Noisy, Noisy, (Noisy, Noisy)).await;
        by_move(Noisy).await;
    });
    scope.await;
}

#[test]
fn arguments_of_an_async_closure_are_dropped_in_its_context() {
    futures::executor::block_on(USER.scope("alice".to_owned(), drops_of_async_closures()));
    let nobody = ["alice", "alice", "alice", "alice", "nobody"];
    assert_eq!(DROPS.take(), nobody);
}

#[test]
fn arguments_of_a_closure_are_dropped_in_its_context() {
    as_alice(|| drops(Noisy));
    assert_eq!(DROPS.take(), ["alice"; 5]);
}

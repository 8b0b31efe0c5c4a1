//! Tasks that are left out by the place where they are spawned.

use std::panic::Location;
use std::sync::{Arc, Mutex};

use context_vars::task;
use context_vars::task::InheritingBuilder;
use tokio::runtime::Builder;
use tokio::task::yield_now;

use super::{COUNT, user};
use crate::support::USER;

async fn spawn_long_lived() -> (&'static str, u32) {
    let task = tokio::spawn(async {
        COUNT.set(COUNT.get() + 1);
        yield_now().await;
        (USER.get(), COUNT.get())
    });
    task.await.unwrap()
}

#[test]
fn tasks_are_left_out_by_the_place_where_they_are_spawned() {
    let places = Arc::new(Mutex::new(Vec::new()));
    let asked = places.clone();
    let here = Location::caller().line();
    let mut builder = Builder::new_multi_thread();
    let runtime = InheritingBuilder::new(builder.worker_threads(2))
        .except(move |spawned_at| {
            asked.lock().unwrap().push(spawned_at.file());
            spawned_at.line() < here
        })
        .except(|spawned_at| spawned_at.file().contains("tokio-util"))
        .build()
        .unwrap();
    runtime.block_on(USER.scope("alice", async {
        // The task has an empty context, so it may set, and no other task sees it.
        assert_eq!(spawn_long_lived().await, ("anonymous", 1));
        assert_eq!(spawn_long_lived().await, ("anonymous", 1));
        assert_eq!(tokio::spawn(async { USER.get() }).await.unwrap(), "alice");
        // A spawn in a `#[track_caller]` function has the place of its caller; this function is ours.
        assert_eq!(task::spawn(user()).await.unwrap(), "alice");
        assert!(!COUNT.is_set());
    }));
    let places = places.lock().unwrap();
    assert_eq!(places[..], [file!(); 4], "our own `spawn` is not the place");
}

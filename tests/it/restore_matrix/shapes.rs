//! The shapes: in what surroundings a body runs.

use std::time::Duration;

use context_vars::{Context, prelude::*, task};
use futures::stream::{self, StreamExt};
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use tokio::time::timeout;

use crate::support::on_a_thread;

use super::{Body, COUNT, OTHER, PROBE, Shape, USER, seen, trample, trample_and_yield};

/// Runs the body and compares what is seen around it.
async fn checked(body: Body) {
    let before = seen();
    (body.run)().await;
    assert_eq!(seen(), before, "after the body");
}

/// Like [`checked`], but also checks by a token that the context is the same.
async fn probed(body: Body) {
    let token = PROBE.set(());
    checked(body).await;
    assert!(token.reset().is_ok(), "another context after the body");
}

#[context_vars::with_context(user = "outer", other = 1)]
async fn attribute(body: Body) {
    probed(body).await;
}

table! {
    SHAPES: Shape;
    async fn nothing_set(body) {
        checked(body).await;
    }
    async fn set(body) {
        let token = USER.set("outer");
        probed(body).await;
        token.reset().unwrap();
    }
    async fn scope(body) {
        USER.scope("outer", probed(body)).await;
    }
    async fn two_nested_scopes(body) {
        let inner = async {
            USER.scope("inner", probed(body)).await;
            assert_eq!(USER.get(), "outer");
        };
        USER.scope("outer", inner).await;
    }
    async fn scope_of_another_variable(body) {
        OTHER.scope(1, probed(body)).await;
    }
    async fn scope_by_attribute(body) {
        attribute(body).await;
    }
    async fn inherited_task(body) {
        let task = USER.sync_scope("outer", || task::spawn(probed(body)));
        task.await.unwrap();
    }
    async fn task_in_an_empty_context(body) {
        tokio::spawn(probed(body).in_context(Context::new())).await.unwrap();
    }
    async fn within_a_timeout(body) {
        let ample = Duration::from_secs(60);
        USER.scope("outer", timeout(ample, probed(body))).await.unwrap();
    }
    async fn branch_of_select(body) {
        tokio::select! {
            biased;
            () = COUNT.scope(7, async {
                trample();
                std::future::pending().await
            }) => unreachable!(),
            () = USER.scope("outer", probed(body)) => {}
        }
    }
    async fn branch_of_join(body) {
        tokio::join!(USER.scope("outer", probed(body)), COUNT.scope(7, trample_and_yield()));
    }
    async fn other_executor_on_the_thread(body) {
        block_in_place(|| USER.sync_scope("outer", || smol::block_on(probed(body))));
    }
    async fn other_executors_task(body) {
        let executor = smol::LocalExecutor::new();
        let task = USER.sync_scope("outer", || executor.spawn(probed(body).inherit_context()));
        block_in_place(|| smol::block_on(executor.run(task)));
    }
    async fn blocking_closure_that_blocks_on(body) {
        let closure = move || Handle::current().block_on(probed(body));
        USER.sync_scope("outer", || task::spawn_blocking(closure)).await.unwrap();
    }
    async fn step_of_a_stream(body) {
        let steps = stream::iter([body; 2]).then(probed);
        USER.sync_scope("outer", || steps.inherit_context()).collect::<()>().await;
    }
    async fn thread_that_blocks_on(body) {
        // A thread without anything, on which a scope blocks.
        let handle = Handle::current();
        on_a_thread(move || OTHER.sync_scope(1, || handle.block_on(probed(body))));
    }
}

//! The echo flow.

use context_vars::{inherit_context, with_context};
use tokio::task::JoinHandle;

use super::{Output, TASK_ID, USER_ID, gather, wait};

#[tokio::test(start_paused = true)]
async fn echo_flow_each_sub_task_reads_its_own_task_id() {
    async fn sub_task(out: &Output) {
        out.print(format!("sub-task of task {} begins", TASK_ID.get()));
        wait(10 * TASK_ID.get()).await;
        out.print(format!("sub-task of task {} ends", TASK_ID.get()));
    }

    #[with_context(task_id = id)]
    async fn echo(id: u64, out: Output) -> u64 {
        sub_task(&out).await;
        TASK_ID.get()
    }

    let out = Output::default();
    let tasks = [1, 2].map(|id| tokio::spawn(echo(id, out.clone())));
    assert_eq!(gather(tasks).await, [1, 2]);
    out.expect([
        "sub-task of task 1 begins",
        "sub-task of task 2 begins",
        "sub-task of task 1 ends",
        "sub-task of task 2 ends",
    ]);
    assert!(!TASK_ID.is_set());
}

/// As in Python, a task may set and never reset: it has a context of its own. It must have been
/// spawned as one that inherits; a bare task may not set (R21).
#[tokio::test(start_paused = true)]
async fn echo_flow_with_alice_and_bob_who_set_and_never_reset() {
    async fn greet(name: &'static str, millis: u64, out: Output) {
        let _ = USER_ID.set(name);
        wait(millis).await;
        say_hello(&out).await;
    }

    async fn say_hello(out: &Output) {
        out.print(format!("Hello, {}", USER_ID.get()));
    }

    #[inherit_context]
    fn spawn(name: &'static str, millis: u64, out: &Output) -> JoinHandle<()> {
        tokio::spawn(greet(name, millis, out.clone()))
    }

    let out = Output::default();
    gather([spawn("alice", 10, &out), spawn("bob", 20, &out)]).await;
    out.print(format!("Hello, {}", USER_ID.get()));
    let later = tokio::spawn(async { USER_ID.get() });
    out.print(format!("Hello, {}", later.await.unwrap()));
    out.expect([
        "Hello, alice",
        "Hello, bob",
        "Hello, anonymous",
        "Hello, anonymous",
    ]);
}

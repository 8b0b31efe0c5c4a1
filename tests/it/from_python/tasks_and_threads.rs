//! Tasks and threads.

use context_vars::{inherit_context, with_context};
use tokio::task::JoinHandle;

use super::{Output, REQUEST_ID, USER_ID};

#[tokio::test]
async fn created_task_inherits_and_cannot_change_the_parents_value() {
    #[inherit_context]
    fn create_task(out: Output) -> JoinHandle<()> {
        tokio::spawn(async move {
            out.print(format!("task sees {}", REQUEST_ID.get()));
            let _ = REQUEST_ID.set("set-by-task");
            out.print(format!("task sets {}", REQUEST_ID.get()));
        })
    }

    #[with_context(request_id = "req-789")]
    async fn parent(out: &Output) {
        create_task(out.clone()).await.unwrap();
        out.print(format!("parent still sees {}", REQUEST_ID.get()));
    }

    let out = Output::default();
    parent(&out).await;
    out.expect([
        "task sees req-789",
        "task sets set-by-task",
        "parent still sees req-789",
    ]);
}

#[tokio::test]
async fn bare_thread_starts_at_the_default_while_a_task_has_its_own_value() {
    #[with_context(user_id = "alice")]
    async fn task(out: &Output) {
        out.print(format!("task: {}", USER_ID.get()));
        let bare = std::thread::spawn(|| USER_ID.get());
        out.print(format!("bare thread: {}", bare.join().unwrap()));
        let inheriting = context_vars::thread::spawn(|| USER_ID.get());
        out.print(format!("thread: {}", inheriting.join().unwrap()));
        out.print(format!("task: {}", USER_ID.get()));
    }

    let out = Output::default();
    task(&out).await;
    out.expect([
        "task: alice",
        "bare thread: anonymous",
        "thread: alice",
        "task: alice",
    ]);
}

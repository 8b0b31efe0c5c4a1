//! The echo flow.

use context_vars::with_context;

use super::{Output, TASK_ID, gather, wait};

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

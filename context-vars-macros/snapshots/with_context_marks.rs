#[with_context]
fn handle() {
    let job = #[inherit_context] move || work();
    pool.run(job, #[detach_context] async { work().await });
}

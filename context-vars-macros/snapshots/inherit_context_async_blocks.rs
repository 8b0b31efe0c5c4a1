#[inherit_context]
async fn handle() {
    tokio::spawn(async move { work().await });
    set.spawn_on(Box::pin(async { work().await }), &handle);
    pool.spawn_pinned(move || async { work().await });
    spawn_async(async |n: u8| -> u8 { work(n).await });
    spawn_async(async move || work().await);
}

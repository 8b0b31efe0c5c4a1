#[inherit_context]
async fn handle(tx: Sender, rx: Receiver) {
    tokio::spawn({
        let tx = tx.clone();
        async move { tx.send(1).await }
    });
    tokio::task::spawn_blocking(rx.recv().await.unwrap().work);
    tokio::spawn(Later { n: 1 });
    spawn_worker(rx, job);
}

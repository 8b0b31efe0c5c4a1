#[inherit_context]
async fn handle() {
    let tasks = vec![spawn(async { 1 }), spawn(work())];
    tokio::select! {
        result = tokio::spawn(async { 2 }) => result,
    };
}

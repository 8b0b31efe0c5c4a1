#[with_context(user = self.name())]
async fn handle(self: Arc<Self>, (a, b): (u8, u8)) {
    self.work(a + b).await;
}

#[with_context(user = name)]
fn handle(self, name: String) -> impl Future<Output = u8> + Send {
    async move { self.work().await }
}

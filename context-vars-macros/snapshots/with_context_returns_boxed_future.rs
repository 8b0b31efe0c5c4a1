#[with_context(user = name)]
fn handle<'a>(&'a self, name: String) -> Pin<Box<dyn Future<Output = u8> + Send + 'a>> {
    Box::pin(async move { self.work().await })
}

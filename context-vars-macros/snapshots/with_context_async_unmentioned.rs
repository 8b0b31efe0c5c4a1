#[with_context(user = name)]
async fn handle(name: String, unused: u8, _: u8, later: u8) -> impl Future<Output = u8> {
    later
}

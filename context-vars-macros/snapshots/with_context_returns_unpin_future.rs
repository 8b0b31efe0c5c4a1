#[with_context]
fn handle() -> Box<dyn Future<Output = u8> + Unpin> {
    Box::new(ready(5))
}

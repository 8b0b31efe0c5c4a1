#[with_context]
fn handle() {
    work();
}

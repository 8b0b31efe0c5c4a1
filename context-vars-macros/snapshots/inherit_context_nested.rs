#[inherit_context]
fn handle() {
    fn inner() -> [u8; { 1 }] {
        spawn(|| ());
    }
    spawn(|| {
        spawn(async { 1 });
    });
}

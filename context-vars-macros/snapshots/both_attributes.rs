#[with_context(user = name)]
#[inherit_context]
fn handle(name: String) {
    spawn(|| work());
    let job = #[detach_context] || work();
}

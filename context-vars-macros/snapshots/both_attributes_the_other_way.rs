#[inherit_context]
#[with_context(user = name)]
fn handle(name: String) {
    spawn(|| work());
    let job = #[detach_context] || work();
}

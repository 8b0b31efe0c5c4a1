#[inherit_context]
fn handle() {
    rayon::join(|| a(), || b());
    pool.install(|| work());
    path.join("x");
}

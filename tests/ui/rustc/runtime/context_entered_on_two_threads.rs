use context_vars::Context;

fn main() {
    let mut context = Context::new();
    std::thread::scope(|scope| {
        scope.spawn(|| context.run(|| ()));
        scope.spawn(|| context.run(|| ()));
    });
}

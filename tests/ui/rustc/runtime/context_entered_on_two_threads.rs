use context_vars::Context;

fn on_two_threads(one: impl FnOnce() + Send, other: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        scope.spawn(one);
        scope.spawn(other);
    });
}

fn main() {
    let mut context = Context::new();
    on_two_threads(|| context.run(|| ()), || context.run(|| ()));
}

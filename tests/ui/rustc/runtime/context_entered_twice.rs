use context_vars::Context;

fn main() {
    let mut context = Context::new();
    context.run(|| context.run(|| ()));
}

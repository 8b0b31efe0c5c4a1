use context_vars::inherit_context;

use std::rc::Rc;

fn spawn(_: impl FnOnce() + Send) {}

#[inherit_context]
fn handle(name: Rc<String>) {
    spawn(move || println!("{name}"));
}

fn main() {}

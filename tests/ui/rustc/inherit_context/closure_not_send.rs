use context_vars::inherit_context;

use std::rc::Rc;

#[inherit_context]
fn handle(name: Rc<String>) {
    std::thread::spawn(move || println!("{name}"));
}

fn main() {}

use context_vars::inherit_context;

use std::rc::Rc;

async fn job(name: Rc<String>) {
    println!("{name}");
}

#[inherit_context]
fn handle(name: Rc<String>) {
    tokio::spawn(job(name));
}

fn main() {}

use context_vars::inherit_context;

use std::rc::Rc;

#[inherit_context]
fn handle(name: Rc<String>) {
    tokio::spawn(async move {
        tokio::task::yield_now().await;
        println!("{name}");
    });
}

fn main() {}

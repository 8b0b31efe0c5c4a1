use context_vars::inherit_context;

use std::rc::Rc;

fn spawn(_: impl FnOnce() + Send) {}

async fn job(name: Rc<String>) {
    println!("{name}");
}

#[inherit_context]
fn closure(name: Rc<String>) {
    spawn(move || println!("{name}"));
}

#[inherit_context]
fn future(name: Rc<String>) {
    tokio::spawn(job(name));
}

#[inherit_context]
fn async_block(name: Rc<String>) {
    tokio::spawn(async move {
        tokio::task::yield_now().await;
        println!("{name}");
    });
}

fn main() {}

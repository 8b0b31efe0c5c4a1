use std::fmt::Display;

use context_vars::with_context;

#[with_context]
async fn slice() -> [u8] {
    todo!()
}

#[with_context]
async fn object() -> dyn Display {
    todo!()
}

#[with_context]
async fn text() -> str {
    todo!()
}

fn main() {}

//! What in a function's body carries a context: spawn calls, and closures and `async` blocks
//! that are marked. Everything else stays the tokens that it was.

pub(crate) mod marks;
mod callee;
mod forms;
pub(crate) mod parse;
pub(crate) mod validate;
pub(crate) mod expand;

//! What in a function's body carries a context: spawn calls, and closures and `async` blocks
//! that are marked. Everything else stays the tokens that it was.

mod callee;
pub(crate) mod expand;
pub(crate) mod marks;
pub(crate) mod parse;
pub(crate) mod validate;

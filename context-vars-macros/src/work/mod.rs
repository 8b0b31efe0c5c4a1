//! What in a function's body carries a context: spawn calls, and closures and `async` blocks
//! that are marked. Everything else stays the tokens that it was.

pub(crate) mod scan;
mod callee;
mod argument;
mod marks;
pub(crate) mod plan;
pub(crate) mod rewrite;
pub(crate) mod fallback;

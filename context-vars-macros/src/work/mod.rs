//! The rewriting of a function's body: spawn calls, and closures and `async` blocks that are
//! marked. `scan` finds them and makes a plan, and `rewrite` generates the code. All other tokens
//! stay unchanged.
//!
//! Bodies are scanned as tokens instead of being parsed with syn, for four reasons:
//!
//! - A mistake in a body is reported by rustc, in its words and at the typo. A parser would give up
//!   at the first token that it does not expect, and replace the function by one error.
//! - A body contains calls of macros, whose arguments are only tokens for syn, too. It may also
//!   contain syntax that is newer than the version of syn with which this crate was built. Spawn
//!   calls are found inside both.
//! - While a body is being typed it rarely parses. Left as tokens, it still reaches the editor, so
//!   that completion works inside.
//! - Tokens that are not touched keep their spans, so errors, lints and debuggers point at the
//!   user's code.
//!
//! Only what is rewritten is parsed: the arguments of spawn calls and the marked expressions.

mod callee;
mod argument;
mod locals;
mod marks;
pub(crate) mod plan;
mod blocks;
pub(crate) mod scan;
pub(crate) mod rewrite;
pub(crate) mod fallback;

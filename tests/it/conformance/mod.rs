//! Cases of the conformance list that no other module claims; `tests/CASES.md` says where each is.
//!
//! A comment gives the number and, where our rules decide otherwise, what the source expects.

mod tokens;
mod scopes;
mod contexts;
mod wrapping;
mod tasks;
mod threads;
mod failures;
mod generators;
mod many;
mod deep;
mod lifetimes;
mod structure;
mod opting_out;

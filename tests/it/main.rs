//! Behaviour of `context-vars`, one module a subject; a test's name is its claim.
//!
//! Rules (`R4`) are those of the design, cases (`case 29`) those of the conformance list; see
//! `tests/CASES.md`.

mod support;

mod reading;
mod defaults;
mod tokens;
mod contexts;
mod unset;
mod run_async;
mod messages;
mod attached;
mod scopes;
mod futures;
mod inheriting;
mod reentrancy;
mod drops;
mod thread_end;
mod iterators;
mod no_inherit;
mod many_variables;
mod auto_traits;
mod sizes;
mod allocations;
mod from_python;
mod receiver;
mod macros;
mod task;
mod streams;
mod combinators;
mod foreign_polls;
mod restore_matrix;
mod runtimes;
mod pools;
mod opting_out;
mod limitations;
mod runtime_hook;
mod peers_defects;
mod variance;

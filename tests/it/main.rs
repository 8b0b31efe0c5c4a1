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
mod restore_matrix;
mod peers_defects;
mod variance;

// Not under Miri: they open sockets, wait for time to pass, start processes, or drive executors
// whose own code takes Miri minutes.
#[cfg(not(miri))]
mod combinators;
#[cfg(not(miri))]
mod foreign_polls;
#[cfg(not(miri))]
mod limitations;
#[cfg(not(miri))]
mod opting_out;
#[cfg(not(miri))]
mod pools;
#[cfg(not(miri))]
mod runtime_hook;
#[cfg(not(miri))]
mod runtimes;

//! Random programs over context variables, run beside a trivial model of what they mean.
//!
//! A [`Program`] is a list of operations with bodies nested inside. [`run`] executes it with the
//! real crate and, step by step, with [`model::Model`], in which a context is a `BTreeMap` and a
//! copy is a copy. Every read, every enumeration, every panic and every drop is compared: which
//! value, how often, when, and in which context its `Drop` found itself.
//!
//! Programs come from proptest (`tests/random_programs.rs`) and from bytes (`Program::decode`,
//! for the fuzzer and its corpus).

pub mod decode;
pub mod ledger;
mod machine;
pub mod model;
pub mod program;
pub mod value;
pub mod variables;
mod work;

pub use crate::machine::{STACK, hush_expected_panics, run};
pub use crate::program::Program;

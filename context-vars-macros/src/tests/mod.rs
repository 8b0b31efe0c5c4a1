//! Tests that need no compiler session: the macros as functions from tokens to tokens.

mod source;
mod snapshots;
mod messages;
mod fuzz;
mod half_written;
mod types;

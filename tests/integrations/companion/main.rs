//! Thread-bound state beside the context, in a separate process, in which a companion is installed.

#[path = "../support/mod.rs"]
mod shared;
mod support;
mod following;
mod leaving;
mod not_following;

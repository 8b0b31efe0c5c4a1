//! Libraries that others have written for thread-locals, written anew on the public interface.
//!
//! The parts that need a workaround are described in `context-vars/src/docs/libraries.md`.

mod hub;
mod layer;
mod actor;

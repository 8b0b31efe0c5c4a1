//! Libraries that others have written for thread-locals, written anew on the public interface.
//!
//! What they cannot say without a workaround is in `context-vars/src/docs/libraries.md`.

mod hub;
mod layer;
mod actor;

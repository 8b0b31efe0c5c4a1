//! The procedural macros of `context-vars`.

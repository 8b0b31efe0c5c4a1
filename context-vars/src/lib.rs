//! Python's `contextvars` for Rust.

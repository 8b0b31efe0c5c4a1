//! A library that only receives context variables, so it needs none of the macros.
//!
//! `cargo build -p context-vars-receiver` builds the runtime without its default features;
//! `tests/it/receiver.rs` calls these functions with variables of its own.

use context_vars::{Context, ContextFutureExt, ContextVar};

/// Greets whoever `user` says.
#[must_use]
pub fn greet(user: &'static ContextVar<String>) -> String {
    user.with(|name| format!("hello {name}"))
}

/// Runs `f` on behalf of somebody else.
pub fn on_behalf_of<R>(user: &'static ContextVar<String>, name: &str, f: impl FnOnce() -> R) -> R {
    user.sync_scope(name.to_owned(), f)
}

/// Greets in a copy of the current context, in which it may set what it likes.
pub async fn greet_in_a_copy(user: &'static ContextVar<String>, name: &str) -> String {
    let work = async {
        let _token = user.set(name.to_owned());
        greet(user)
    };
    work.in_context(Context::current()).await
}

//! Default, set, reset.

use std::future::Future;

use super::{CURRENT_USER, NUMBER, Output, user};

/// One source claims that the last `get` raises a `LookupError`. It does not, in Python or here:
/// `reset` puts back "nothing", and then the default is read.
#[test]
fn integer_default_42_set_to_100_reset_to_42() {
    let out = Output::default();
    out.print(NUMBER.get().to_string());
    let token = NUMBER.set(100);
    out.print(NUMBER.get().to_string());
    NUMBER.reset(token).unwrap();
    out.print(NUMBER.try_get().unwrap().to_string());
    out.expect(["42", "100", "42"]);
}

#[tokio::test]
async fn option_with_default_none_is_set_by_a_middleware() {
    async fn middleware<R>(name: &str, handler: impl Future<Output = R>) -> R {
        CURRENT_USER.scope(Some(user(name)), handler).await
    }

    async fn handler() -> String {
        match CURRENT_USER.get() {
            Some(user) => format!("Hello, {}", user.name),
            None => "Please log in".to_owned(),
        }
    }

    let out = Output::default();
    out.print(handler().await);
    out.print(middleware("alice", handler()).await);
    out.print(handler().await);
    out.expect(["Please log in", "Hello, alice", "Please log in"]);
}

//! Tokio's tasks that inherit (R12), and the calls that a bare task must not make (R21).

use std::cell::Cell;
use std::panic::Location;
use std::sync::Once;

use context_vars::context_var;
use tokio::task::yield_now;

use crate::support::{USER, panic_of};

mod spawning;
mod ends;
mod interleaved;
mod bare_tasks;

context_var! {
    static COUNT: u32 = 0;
}

async fn user() -> &'static str {
    yield_now().await;
    USER.get()
}

/// Asserts that the panic of `f` names the file of the caller.
#[track_caller]
fn assert_panic_names_the_caller(f: impl FnOnce()) {
    thread_local!(static FILE: Cell<Option<String>> = const { Cell::new(None) });
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            FILE.set(info.location().map(|place| place.file().to_owned()));
            before(info);
        }));
    });
    panic_of(f);
    assert_eq!(FILE.take().as_deref(), Some(Location::caller().file()));
}

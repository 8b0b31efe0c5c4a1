//! Tokio's tasks that inherit (R12), and the calls that a bare task must not make (R21).

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Once;

use context_vars::context_var;
use tokio::task::yield_now;

use crate::support::USER;

mod spawning;
mod ends;
mod sets_of_tasks;
mod interleaved;
mod bare_tasks;

context_var! {
    static COUNT: u32 = 0;
}

async fn user() -> &'static str {
    yield_now().await;
    USER.get()
}

/// The place that the panic of `f` names.
#[track_caller]
fn panic_place(f: impl FnOnce()) -> &'static Location<'static> {
    thread_local!(static PLACE: Cell<Option<(String, u32)>> = const { Cell::new(None) });
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let place = info.location().map(|at| (at.file().to_owned(), at.line()));
            PLACE.set(place);
            before(info);
        }));
    });
    let here = Location::caller();
    assert!(catch_unwind(AssertUnwindSafe(f)).is_err());
    let (file, _) = PLACE.take().expect("a panic with a place");
    assert_eq!(file, here.file(), "the panic names the caller");
    here
}

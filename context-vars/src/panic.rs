//! The context in the report of a panic.

use core::time::Duration;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::thread;

use crate::context::Context;

/// The longest time that the report of the panic waits for the line.
const PATIENCE: Duration = Duration::from_secs(1);

/// Installs a panic hook that writes the context of the panicking thread to standard error, before the
/// report of the panic itself.
///
/// ```text
/// context of the panic: request_id=7 user="alice"
/// thread 'main' panicked at src/main.rs:7:5:
/// no such order
/// ```
///
/// The hook writes one line in the format of [`fields()`](crate::fields()), with `#[redact]`ed values as
/// `***`, or no line if no variable is set. Then it calls the previous hook. Install this hook after
/// hooks that do not call their previous hook. Installing it again changes nothing.
///
/// The line is formatted on a separate thread, because a `Debug` or `Display` that panics during a
/// panic would abort the process. If formatting takes more than a second, the line says so instead of
/// showing the values. Otherwise an implementation that waits for a lock held by the panicking code
/// would never return.
///
/// # Panics
///
/// Panics if it is called while the thread panics, like [`std::panic::set_hook`].
///
/// # Cost
///
/// A panic in a context with variables starts a thread. Other panics cost nothing extra.
///
/// # Examples
///
/// ```
/// use context_vars::{context_var, panic};
///
/// context_var! {
///     static REQUEST_ID: u64;
/// }
///
/// # fn main() {
/// panic::install_hook();
/// let result = std::panic::catch_unwind(|| {
///     REQUEST_ID.sync_scope(7, || panic!("no such order"));
/// });
/// assert!(result.is_err());
/// # }
/// ```
pub fn install_hook() {
    static INSTALLED: Once = Once::new();
    // `set_hook` panics on a panicking thread, and `call_once` would then panic in all later calls.
    // The call that panicked has installed nothing, so the next call must try again.
    INSTALLED.call_once_force(|_| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            report();
            previous(info);
        }));
    });
}

fn report() {
    let context = Context::current_with_locals();
    if context.is_empty() {
        return;
    }
    if let Some(fields) = shown(context) {
        // One write for the whole line, so that lines of other threads cannot appear inside it. An error
        // is ignored, because standard error is where it would be reported.
        let line = format!("context of the panic: {fields}\n");
        let _ = io::stderr().lock().write_all(line.as_bytes());
    }
}

/// Returns the text to show for the context, or `None` if the text would be empty.
fn shown(context: Context) -> Option<String> {
    let line = Arc::new(Line::default());
    let shared = Arc::clone(&line);
    let show = move || {
        let text = catch_unwind(AssertUnwindSafe(|| context.to_string()));
        // The copy is dropped before the line is handed over. The panicking thread, which waits for the
        // line, still has its context then, so no destructor of a value runs on this thread.
        drop(context);
        shared.put(text.unwrap_or_else(|_| "(a value panics when shown)".to_owned()));
    };
    // The thread starts with an empty context, so a panic on it writes no line.
    #[allow(clippy::disallowed_methods)]
    let thread = thread::Builder::new()
        .name("context of a panic".to_owned())
        .spawn(show);
    let text = match thread {
        Ok(_) => line.wait(),
        Err(_) => Some("(no thread could be started to show it)".to_owned()),
    };
    let text = text.unwrap_or_else(|| "(a value takes too long to show)".to_owned());
    (!text.is_empty()).then_some(text)
}

/// A line that another thread formats.
// A channel of the standard library would do the same, but its generic code would take a tenth of the
// time in which this crate compiles.
#[derive(Default)]
struct Line {
    text: Mutex<Option<String>>,
    made: Condvar,
}

impl Line {
    fn put(&self, text: String) {
        *self.lock() = Some(text);
        self.made.notify_one();
    }

    /// Waits for the line, and returns `None` if it is not ready in time.
    fn wait(&self) -> Option<String> {
        let waited = self
            .made
            .wait_timeout_while(self.lock(), PATIENCE, |text| text.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

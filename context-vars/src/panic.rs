//! The context in the report of a panic.

use core::time::Duration;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::thread;

use crate::context::Context;

/// How long a value may take to show itself, before the report goes on without it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Writes the context of a thread that panics to standard error, before the panic's own report.
///
/// ```text
/// context of the panic: request_id=7 user="alice"
/// thread 'main' panicked at src/main.rs:7:5:
/// no such order
/// ```
///
/// It is one line, as [`fields()`](crate::fields()) shows it, with `#[redact]`ed values as `***`,
/// and none if no variable is set. The hook that was there before is called afterwards. So install
/// this one after others that keep none; to install it again changes nothing.
///
/// A report must not make things worse. A `Debug` or `Display` of yours that panics inside of a
/// panic would abort the process, and one that waits for a lock which the panicking code holds
/// would wait for ever: the line is made on a thread of its own, and given up after a second.
///
/// # Panics
///
/// If it is called while the thread panics, as [`std::panic::set_hook`].
///
/// # Cost
///
/// A panic in a context with variables starts a thread; other panics, nothing.
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
    // By force: a call that came while the thread panicked has installed nothing.
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
        // In one piece, so that lines of other threads stay out; nobody is left to tell of errors.
        let line = format!("context of the panic: {fields}\n");
        let _ = io::stderr().lock().write_all(line.as_bytes());
    }
}

/// Returns the context's line; `None` if there is none to show.
fn shown(context: Context) -> Option<String> {
    let line = Arc::new(Line::default());
    let shared = Arc::clone(&line);
    let show = move || {
        let text = catch_unwind(AssertUnwindSafe(|| context.to_string()));
        // Before the thread that panics goes on: so this copy is never the last.
        drop(context);
        shared.put(text.unwrap_or_else(|_| "(a value panics when shown)".to_owned()));
    };
    #[allow(clippy::disallowed_methods)] // in an empty context: its own panic has nothing to show
    let thread = thread::Builder::new()
        .name("context of a panic".to_owned())
        .spawn(show);
    let text = match thread {
        Ok(_) => line.wait(),
        Err(_) => Some("(no thread to show it)".to_owned()),
    };
    let text = text.unwrap_or_else(|| "(a value takes too long to show)".to_owned());
    (!text.is_empty()).then_some(text)
}

/// A line that another thread makes.
// A channel would do the same, and take a tenth of the time in which this crate compiles.
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

    /// Returns `None` if the line is not made in time.
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

//! The context in the report of a panic.

use core::time::Duration;
use std::io::{self, Write};
use std::sync::{Once, mpsc};
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

/// The context's line; `None` if there is none to show.
fn shown(context: Context) -> Option<String> {
    let (sender, shown) = mpsc::channel();
    let show = move || {
        let fields = context.to_string();
        // Before the thread that panics goes on: so this copy is never the last.
        drop(context);
        let _ = sender.send(fields);
    };
    #[allow(clippy::disallowed_methods)] // in an empty context: its own panic has nothing to show
    let thread = thread::Builder::new()
        .name("context of a panic".to_owned())
        .spawn(show);
    let fields = match thread {
        Ok(_) => shown.recv_timeout(PATIENCE),
        Err(_) => return Some("(no thread to show it)".to_owned()),
    };
    match fields {
        Ok(fields) if fields.is_empty() => None,
        Ok(fields) => Some(fields),
        Err(mpsc::RecvTimeoutError::Timeout) => Some("(a value takes too long to show)".to_owned()),
        Err(mpsc::RecvTimeoutError::Disconnected) => Some("(a value panics when shown)".to_owned()),
    }
}

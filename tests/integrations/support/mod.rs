//! Helpers for the tests of several binaries.

#![allow(dead_code)] // each binary uses its part

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Polls once, with a waker that does nothing.
pub fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut noop())
}

pub fn noop() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// The limit of a wait for an event that must happen, and takes far less.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Waits for what must happen.
pub async fn soon<F: Future>(future: F) -> F::Output {
    let waited = tokio::time::timeout(LIMIT, future).await;
    waited.expect("an event within a minute")
}

/// Calls a closure when it is dropped.
pub struct OnDrop<F: FnMut()>(pub F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// The output so far.
#[derive(Clone, Default)]
pub struct Output(Arc<Mutex<Vec<u8>>>);

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Output {
    /// Returns the output since the last call.
    pub fn text(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

/// Runs one test of this binary in a separate process with a variable of the environment, and returns
/// what it writes to standard error.
pub fn run_alone(test: &str, variable: &str, value: &str) -> String {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .envs([(variable, value), ("RUST_BACKTRACE", "0")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{value}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

//! Makes tasks change threads.

use std::cell::Cell;
use std::future::poll_fn;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

/// Two queues of waiting tasks, one for each thread. A task is woken by a task of the other thread,
/// where it then continues.
#[derive(Default)]
pub struct Meeting([Mutex<Vec<Waker>>; 2]);

impl Meeting {
    pub async fn join(&self) {
        let mut waited = false;
        poll_fn(|cx| {
            if waited {
                return Poll::Ready(());
            }
            waited = true;
            let here = number_of_this_thread() as usize;
            self.0[here % 2].lock().unwrap().push(cx.waker().clone());
            self.wake_all(here + 1);
            Poll::Pending
        })
        .await;
    }

    fn wake_all(&self, thread: usize) {
        let waiting = std::mem::take(&mut *self.0[thread % 2].lock().unwrap());
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Wakes tasks that have waited for too long, until the run ends.
    pub fn keep_going(&self, over: &AtomicBool) {
        while !over.load(Relaxed) {
            thread::sleep(Duration::from_millis(5));
            self.wake_all(0);
            self.wake_all(1);
        }
    }
}

pub fn number_of_this_thread() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    thread_local!(static NUMBER: Cell<u64> = const { Cell::new(0) });
    if NUMBER.get() == 0 {
        NUMBER.set(LAST.fetch_add(1, Relaxed) + 1);
    }
    NUMBER.get()
}

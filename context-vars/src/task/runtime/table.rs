//! The contexts of the tasks that are not being polled, by the tasks' ids.

use core::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tokio::task::Id;

use crate::raw::context::RawContext;
use crate::raw::thread::{TaskContext, TaskKey};

/// The number of parts of a table, each of which has a separate lock.
const PARTS: usize = 16;
/// The number of tasks that a part remembers because they ended before they were known.
const REMEMBERED: usize = 16;

/// The contexts of the tasks that are not being polled.
#[derive(Default)]
pub(super) struct Table([Part; PARTS]);

impl Table {
    pub(super) fn part(&self, id: Id) -> &Part {
        let hash = BuildHasherDefault::<IdHasher>::default().hash_one(id);
        // The hash map of the part uses the other bits. Sharing bits would put all tasks of a part into
        // few of its buckets.
        &self.0[(hash >> 32) as usize % PARTS]
    }
}

#[derive(Default)]
pub(super) struct Part {
    tasks: Mutex<Tasks>,
    /// Notified when a context is back, if a thread waits for it.
    back: Condvar,
}

#[derive(Default)]
struct Tasks {
    known: HashMap<Id, Task, BuildHasherDefault<IdHasher>>,
    /// The last tasks that ended without being known. Most are closures of `spawn_blocking`, for which
    /// tokio calls no other hook. A few were ended by a shutdown before the hook for their spawn.
    ended: [Option<Id>; REMEMBERED],
    next_ended: usize,
    /// The number of threads that wait for a context which another thread has not put back yet.
    waiting: usize,
}

impl Tasks {
    /// Remembers that a task has ended, and forgets the oldest entry if there is no room.
    fn remember(&mut self, id: Id) {
        let free = self.ended.iter().position(Option::is_none);
        let index = free.unwrap_or(self.next_ended);
        self.ended[index] = Some(id);
        self.next_ended = (index + 1) % REMEMBERED;
    }
}

enum Task {
    Idle(Box<TaskContext>),
    /// A thread is in the context with this key.
    Polled(TaskKey),
    /// A thread is in the context with this key for the last time.
    Ended(TaskKey),
}

impl Task {
    /// Takes the context out, for a poll.
    fn take(&mut self) -> Option<Box<TaskContext>> {
        let Self::Idle(context) = self else {
            return None;
        };
        let polled = Self::Polled(context.key());
        match core::mem::replace(self, polled) {
            Self::Idle(context) => Some(context),
            _ => None,
        }
    }
}

impl Part {
    fn lock(&self) -> MutexGuard<'_, Tasks> {
        // No user code runs under the lock, so a poisoned lock cannot protect a half-changed table.
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notifies the waiting threads that a task's state has changed.
    fn tell(&self, tasks: &Tasks) {
        if tasks.waiting > 0 {
            self.back.notify_all();
        }
    }

    /// Stores the context of a task, or returns it if the task has ended already.
    pub(super) fn insert(&self, id: Id, context: RawContext) -> Option<Box<TaskContext>> {
        let context = TaskContext::new(context);
        let mut tasks = self.lock();
        let tasks = &mut *tasks;
        if let Some(ended) = tasks.ended.iter_mut().find(|ended| **ended == Some(id)) {
            *ended = None;
            return Some(context);
        }
        tasks.known.insert(id, Task::Idle(context));
        None
    }

    /// Takes the context of a task that is about to be polled. Returns `None` if the task has no
    /// context.
    pub(super) fn take(&self, id: Id) -> Option<Box<TaskContext>> {
        let mut tasks = self.lock();
        loop {
            match tasks.known.get_mut(&id) {
                Some(task @ Task::Idle(_)) => return task.take(),
                // Tokio has released the task on the thread that polled it last, but has not called
                // the hook after that poll yet.
                Some(Task::Polled(_)) => {
                    tasks.waiting += 1;
                    tasks = self
                        .back
                        .wait(tasks)
                        .unwrap_or_else(PoisonError::into_inner);
                    tasks.waiting -= 1;
                }
                // A stale wake-up of a task that a shutdown has ended.
                Some(Task::Ended(_)) | None => return None,
            }
        }
    }

    /// Leaves the context of a task after a poll. Returns the context if the task has ended.
    pub(super) fn bring_back(&self, id: Id) -> Option<Box<TaskContext>> {
        let mut tasks = self.lock();
        let task = tasks.known.get_mut(&id)?;
        match *task {
            Task::Polled(key) => {
                *task = Task::Idle(TaskContext::end_poll(key)?);
                self.tell(&tasks);
                None
            }
            Task::Ended(key) => {
                let context = TaskContext::end_poll(key)?;
                tasks.known.remove(&id);
                Some(context)
            }
            Task::Idle(_) => None,
        }
    }

    /// Records that a task has ended. Returns its context unless a thread is in it.
    pub(super) fn end(&self, id: Id) -> Option<Box<TaskContext>> {
        let mut tasks = self.lock();
        let tasks = &mut *tasks;
        match tasks.known.get_mut(&id) {
            Some(task) => {
                if let Task::Polled(key) | Task::Ended(key) = *task {
                    *task = Task::Ended(key);
                    // A thread that waits to poll the task next would otherwise wait for ever.
                    self.tell(tasks);
                    return None;
                }
            }
            None => {
                tasks.remember(id);
                return None;
            }
        }
        match tasks.known.remove(&id) {
            Some(Task::Idle(context)) => Some(context),
            _ => None,
        }
    }
}

/// A hasher for task ids. An id hashes itself as one number.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        // Ids are consecutive numbers, so without this most bits of the hash would be equal.
        self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 ^= number;
    }
}

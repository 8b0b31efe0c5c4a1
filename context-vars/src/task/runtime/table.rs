//! The contexts of the tasks that are not being polled, by the tasks' ids.

use core::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tokio::task::Id;

use crate::raw::context::RawContext;
use crate::raw::thread::{TaskContext, TaskKey};

/// How many parts a table has, each with a lock of its own.
const PARTS: usize = 16;
/// How many tasks a part remembers that ended before they were known.
const REMEMBERED: usize = 16;

/// The contexts of the tasks that are not being polled.
#[derive(Default)]
pub(super) struct Table([Part; PARTS]);

impl Table {
    pub(super) fn part(&self, id: Id) -> &Part {
        let hash = BuildHasherDefault::<IdHasher>::default().hash_one(id);
        // Other bits than those by which the part's map tells tasks apart.
        &self.0[(hash >> 32) as usize % PARTS]
    }
}

#[derive(Default)]
pub(super) struct Part {
    tasks: Mutex<Tasks>,
    /// Told that a context is back, if somebody waits.
    back: Condvar,
}

#[derive(Default)]
struct Tasks {
    known: HashMap<Id, Task, BuildHasherDefault<IdHasher>>,
    /// The last tasks that ended without being known. Most are closures of `spawn_blocking`, of
    /// which we are told nothing else; a few were ended by a shutdown before their spawn was told.
    ended: [Option<Id>; REMEMBERED],
    next_ended: usize,
    /// How many threads wait for a context that another has not brought back yet.
    waiting: usize,
}

impl Tasks {
    /// Remembers that a task has ended, if need be instead of the one remembered longest.
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
    /// The same, and it is the last time.
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
        // No code of the user's runs under the lock, so that it cannot be left half-changed.
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells those who wait that a task's state has changed.
    fn tell(&self, tasks: &Tasks) {
        if tasks.waiting > 0 {
            self.back.notify_all();
        }
    }

    /// Notes the context of a task; hands it back if the task has ended already.
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

    /// Takes the context of a task that is about to be polled; `None` if it has none.
    pub(super) fn take(&self, id: Id) -> Option<Box<TaskContext>> {
        let mut tasks = self.lock();
        loop {
            match tasks.known.get_mut(&id) {
                Some(task @ Task::Idle(_)) => return task.take(),
                // The thread that polled last is between letting the task go and telling us.
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

    /// Leaves the context of a task after a poll. Hands it out if the task has ended.
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

    /// Notes that a task has ended. Hands its context out unless a thread is in it.
    pub(super) fn end(&self, id: Id) -> Option<Box<TaskContext>> {
        let mut tasks = self.lock();
        let tasks = &mut *tasks;
        match tasks.known.get_mut(&id) {
            Some(task) => {
                if let Task::Polled(key) | Task::Ended(key) = *task {
                    *task = Task::Ended(key);
                    // Who waits for the next poll waits for nothing now.
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

/// Hashes a task's id, which hashes itself as its number.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        // Ids are given one after the other; this spreads them over all bits.
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

//! Threads.

use super::{Model, Thread};

impl Model {
    /// Goes on on a new thread, in its root.
    pub fn begin_thread(&mut self) {
        let new = Thread {
            current: self.empty(),
            ..Thread::default()
        };
        self.waiting.push(std::mem::replace(&mut self.here, new));
    }

    /// Ends the thread and goes on on the one that waits for it.
    pub fn end_thread(&mut self) {
        self.empty_root();
        self.here = self.waiting.pop().expect("a thread that waits");
    }

    /// Ends the thread: contexts that are still attached end, and the values of its root are dropped, those of the
    /// inherited variables before the others. A panic in such a drop ends there.
    pub fn empty_root(&mut self) {
        assert!(!self.unwinding);
        self.end_forgotten();
        assert!(self.here.outer.is_empty());
        self.here.ended = true;
        let empty = self.empty();
        let root = std::mem::replace(&mut self.here.current, empty);
        for map in [root.inherited, root.local] {
            drop(map);
            self.settle();
            self.unwinding = false;
        }
    }
}

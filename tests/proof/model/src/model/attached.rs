//! Attached contexts (R22).

use super::{Context, Entry, Guard, Model};

impl Model {
    /// Makes the context current, and gives the number of its guard.
    pub fn attach(&mut self, context: Context) -> Guard {
        let guard = self.identity();
        let released = false;
        self.push(context, Entry::Attached { guard, released });
        guard
    }

    /// Ends an attached context. Gives it back, unless the frame right above goes on.
    pub fn detach(&mut self, guard: Guard) -> Option<Context> {
        if let Some(context) = self.ended.remove(&guard) {
            return Some(context);
        }
        let is_its =
            |entry: &Entry| matches!(entry, Entry::Attached { guard: its, .. } if *its == guard);
        let place = self.here.entries.iter().position(is_its)?;
        match self.here.entries.get(place + 1) {
            None => Some(self.pop().0),
            Some(Entry::Attached { .. }) => {
                self.here.entries.remove(place);
                Some(self.here.outer.remove(place + 1))
            }
            Some(Entry::Frame) => {
                let released = true;
                self.here.entries[place] = Entry::Attached { guard, released };
                None
            }
        }
    }

    /// Ends what is attached in the root of a thread that ends. A panic of its values ends here, too.
    pub(super) fn end_forgotten(&mut self) {
        while let Some(Entry::Attached { .. }) = self.here.entries.last() {
            drop(self.pop());
            self.settle();
            self.unwinding = false;
        }
    }

    /// Gives up the contexts that ended before guards that were forgotten, which keep them for ever.
    pub fn give_up_forgotten(&mut self) {
        self.ended.clear();
    }

    /// Ends what was attached inside of the innermost frame.
    pub fn end_attached(&mut self) {
        while let Some(&Entry::Attached { guard, .. }) = self.here.entries.last() {
            let (context, _) = self.pop();
            self.ended.insert(guard, context);
        }
    }

    /// Ends the current context if its guard is gone. A panic of its values ends here, too.
    pub(super) fn end_released(&mut self) {
        let last = self.here.entries.last();
        if !matches!(last, Some(Entry::Attached { released: true, .. })) {
            return;
        }
        let unwinding = self.unwinding;
        drop(self.pop());
        self.settle();
        self.unwinding = unwinding;
    }
}

//! First results, of racing defaults.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use crate::explore;
use crate::first::First;

/// A result whose content loom watches.
struct Made {
    by: u32,
    content: UnsafeCell<u32>,
}

impl Made {
    fn new(by: u32) -> Self {
        let content = UnsafeCell::new(0);
        content.with_mut(|_| ());
        Self { by, content }
    }

    fn read(&self) -> u32 {
        self.content.with(|_| ());
        self.by
    }
}

/// Brings a result unless there is one; gives the one that is kept and whether ours came too late.
fn read_or_make(first: &First<Made>, by: u32) -> (u32, bool) {
    match first.get() {
        Some(made) => (made.read(), false),
        None => {
            let (kept, late) = first.keep(Made::new(by));
            (kept.read(), late.is_some_and(|late| late.read() == by))
        }
    }
}

#[test]
fn racing_threads_keep_one_result_and_read_it_whole() {
    explore("racing threads keep one result and read it whole", || {
        let first = Arc::new(First::none());
        let there = first.clone();
        let other = thread::spawn(move || read_or_make(&there, 1));
        let (here, _) = read_or_make(&first, 2);
        let (there, _) = other.join().unwrap();
        assert_eq!(here, there);
        assert_eq!(first.get().map(Made::read), Some(here));
    });
}

#[test]
fn of_two_that_both_computed_one_is_handed_its_own_back() {
    explore(
        "of two that both computed one is handed its own back",
        || {
            let first = Arc::new(First::none());
            let there = first.clone();
            let other = thread::spawn(move || {
                let (kept, late) = there.keep(Made::new(1));
                (kept.read(), late.map(|late| late.read()))
            });
            let (kept, late) = first.keep(Made::new(2));
            let here = (kept.read(), late.map(|late| late.read()));
            let there = other.join().unwrap();
            match here.0 {
                2 => assert_eq!((here, there), ((2, None), (2, Some(1)))),
                _ => assert_eq!((here, there), ((1, Some(2)), (1, None))),
            }
        },
    );
}

#[test]
fn reader_gets_nothing_or_the_whole_result_and_never_nothing_again() {
    explore(
        "reader gets nothing or the whole result and never nothing again",
        || {
            let first = Arc::new(First::none());
            let there = first.clone();
            let other = thread::spawn(move || there.keep(Made::new(1)).0.read());
            let seen = [(); 2].map(|()| first.get().map(Made::read));
            assert!(seen != [Some(1), None], "it was there already");
            assert_eq!(other.join().unwrap(), 1);
        },
    );
}

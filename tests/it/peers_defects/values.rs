//! Values that are read, cloned and replaced, to the end of a thread.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};

use context_vars::{Context, isolated};

use super::{FRAGILE, HOOK, LOCAL_HOOK, TEXT, TRACKED, USER};
use crate::support::{Alive, OnDrop, on_drop, panic_of};

type Destructor = OnDrop<Box<dyn FnMut()>>;

thread_local! {
    static AT_END: RefCell<Option<Destructor>> = const { RefCell::new(None) };
}

#[test]
fn thread_that_ends_does_not_abort_the_process() {
    for ours_first in [true, false] {
        let alive = Alive::default();
        let there = alive.clone();
        let thread = std::thread::spawn(move || {
            let register = || {
                let alive = there.clone();
                let at_end: Box<dyn FnMut()> = Box::new(move || {
                    // Still set, or gone with the root already.
                    let _read = (TEXT.try_get(), TEXT.get_or("fallback".to_owned()));
                    drop(TRACKED.set(alive.track()));
                    USER.sync_scope("at the end", || assert_eq!(USER.get(), "at the end"));
                    drop(Context::current().with_value(&TRACKED, alive.track()));
                });
                AT_END.with_borrow_mut(|slot| *slot = Some(OnDrop(at_end)));
            };
            if !ours_first {
                register();
            }
            drop(TRACKED.set(there.track()));
            drop(HOOK.set(on_drop(|| {
                panic!("a value of the root, at the end of its thread")
            })));
            drop(LOCAL_HOOK.set(on_drop(|| panic!("another"))));
            drop(TEXT.set("set".to_owned()));
            if ours_first {
                register();
            }
        });
        assert!(thread.join().is_ok(), "ours first: {ours_first}");
        assert_eq!(alive.count(), 0, "ours first: {ours_first}");
    }
}

#[test]
fn set_inside_a_read_does_not_panic() {
    isolated(|| {
        drop(TEXT.set("first".to_owned()));
        TEXT.with(|first| {
            let token = TEXT.set("second".to_owned());
            TEXT.with(|second| {
                drop(TEXT.set("third".to_owned()));
                TEXT.sync_scope("fourth".to_owned(), || {
                    assert_eq!((first.as_str(), second.as_str()), ("first", "second"));
                    assert_eq!(TEXT.get(), "fourth");
                });
            });
            TEXT.reset(token).unwrap();
            assert_eq!(TEXT.with(String::clone), *first);
        });
        assert_eq!(TEXT.get(), "first");
    });
}

/// A use after free of ours, found by the model.
#[test]
fn token_dropped_on_another_thread_keeps_the_value_that_is_being_read() {
    isolated(|| {
        drop(TEXT.set("long enough to be on the heap, and then gone".to_owned()));
        TEXT.with(|text| {
            let token = TEXT.set("second".to_owned());
            std::thread::spawn(move || drop(token)).join().unwrap();
            assert_eq!(text, "long enough to be on the heap, and then gone");
        });
    });
}

/// Its clone panics while this is 0.
static WHOLE: AtomicUsize = AtomicUsize::new(0);

#[derive(Debug, PartialEq)]
pub(super) struct Fragile(u32);

impl Clone for Fragile {
    fn clone(&self) -> Self {
        assert!(WHOLE.load(Ordering::SeqCst) > 0, "clone");
        Self(self.0)
    }
}

#[test]
fn clone_that_panics_does_not_poison_later_reads() {
    FRAGILE.sync_scope(Fragile(1), || {
        for read in [|| FRAGILE.get(), || FRAGILE.get_or(Fragile(2))] {
            assert_eq!(panic_of(read), "clone");
            assert_eq!(FRAGILE.with(|fragile| fragile.0), 1);
        }
        WHOLE.store(1, Ordering::SeqCst);
        assert_eq!(FRAGILE.get(), Fragile(1));
        drop(FRAGILE.set(Fragile(3)));
        assert_eq!(FRAGILE.try_get(), Ok(Fragile(3)));
    });
    assert!(!FRAGILE.is_set());
}

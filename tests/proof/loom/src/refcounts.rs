//! Reference counts: of a value, which is freed by the last holder, and of a node, which an only
//! holder writes in place.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use crate::explore;

/// A block with a count. Loom notes who touches the content, and objects when two do that nothing
/// has ordered. The `Arc` stands for the memory; it is never given back before the end.
pub(crate) struct Block<C> {
    pub(crate) count: C,
    pub(crate) content: UnsafeCell<u32>,
}

impl<C> Block<C> {
    pub(crate) fn new(count: C) -> Arc<Self> {
        Arc::new(Self {
            count,
            content: UnsafeCell::new(0),
        })
    }

    fn read(&self) {
        self.content.with(|_| ());
    }

    fn write(&self) {
        self.content.with_mut(|_| ());
    }
}

/// What both kinds of block rest on, for a type `Count`.
///
/// `=> holds` fails if loom objects to one of the laws, `=> objects` if it objects to none.
#[macro_export]
macro_rules! count_laws {
    ($Count:ty => $verdict:ident) => {{
        let laws: [(&str, fn()); 5] = [
            ("the last holder frees what others have read", || {
                let block = $crate::refcounts::Block::new(<$Count>::one());
                block.count.inc();
                let there = block.clone();
                let other = loom::thread::spawn(move || {
                    $crate::refcounts::read_and_let_go(&there, <$Count>::dec)
                });
                let here = $crate::refcounts::read_and_let_go(&block, <$Count>::dec);
                assert_eq!(u32::from(here) + u32::from(other.join().unwrap()), 1);
            }),
            ("also when both expect to be the last", || {
                let block = $crate::refcounts::Block::new(<$Count>::one());
                block.count.inc();
                let there = block.clone();
                let other = loom::thread::spawn(move || {
                    $crate::refcounts::read_and_let_go(&there, <$Count>::dec_likely_last)
                });
                let here = $crate::refcounts::read_and_let_go(&block, <$Count>::dec_likely_last);
                assert_eq!(u32::from(here) + u32::from(other.join().unwrap()), 1);
            }),
            ("also of three, one of which is made meanwhile", || {
                let block = $crate::refcounts::Block::new(<$Count>::one());
                block.count.inc();
                let there = block.clone();
                let other = loom::thread::spawn(move || {
                    there.count.inc();
                    let first = $crate::refcounts::read_and_let_go(&there, <$Count>::dec);
                    let second =
                        $crate::refcounts::read_and_let_go(&there, <$Count>::dec_likely_last);
                    assert!(!first, "it was not the last");
                    second
                });
                let here = $crate::refcounts::read_and_let_go(&block, <$Count>::dec_likely_last);
                assert_eq!(u32::from(here) + u32::from(other.join().unwrap()), 1);
            }),
            (
                "an only holder writes in place what others have read",
                || {
                    let block = $crate::refcounts::Block::new(<$Count>::one());
                    block.count.inc();
                    let there = block.clone();
                    let other = loom::thread::spawn(move || {
                        $crate::refcounts::read_and_let_go(&there, <$Count>::dec)
                    });
                    $crate::refcounts::write_if_alone(&block, <$Count>::is_one);
                    $crate::refcounts::read_and_let_go(&block, <$Count>::dec);
                    other.join().unwrap();
                },
            ),
            ("both write in place, one after the other", || {
                let block = $crate::refcounts::Block::new(<$Count>::one());
                block.count.inc();
                let there = block.clone();
                let other = loom::thread::spawn(move || {
                    $crate::refcounts::write_if_alone(&there, <$Count>::is_one);
                    $crate::refcounts::read_and_let_go(&there, <$Count>::dec)
                });
                $crate::refcounts::write_if_alone(&block, <$Count>::is_one);
                $crate::refcounts::read_and_let_go(&block, <$Count>::dec_likely_last);
                other.join().unwrap();
            }),
        ];
        $crate::refcounts::$verdict(&laws);
    }};
}

/// Reads the content, gives the reference back, and frees the block if it was the last.
pub(crate) fn read_and_let_go<C>(block: &Block<C>, down: fn(&C) -> bool) -> bool {
    block.read();
    let last = down(&block.count);
    if last {
        block.write();
    }
    last
}

pub(crate) fn write_if_alone<C>(block: &Block<C>, is_one: fn(&C) -> bool) {
    if is_one(&block.count) {
        block.write();
    }
}

pub(crate) fn holds(laws: &[(&str, fn())]) {
    for (law, model) in laws {
        crate::explore(law, *model);
    }
}

pub(crate) fn objects(laws: &[(&str, fn())]) {
    let broken = laws.iter().filter(|(law, model)| {
        let objects = std::panic::catch_unwind(|| crate::explore(law, *model)).is_err();
        if objects {
            println!("loom objects: {law}");
        }
        objects
    });
    assert!(broken.count() > 0, "a weakened ordering went unnoticed");
}

#[test]
fn counts_keep_their_laws() {
    count_laws!(crate::refcount::RefCount => holds);
}

#[test]
fn three_holders_on_three_threads_free_once() {
    explore("three holders on three threads free once", || {
        let block = Block::new(crate::refcount::RefCount::one());
        let others = [(); 2].map(|()| {
            block.count.inc();
            let there = block.clone();
            thread::spawn(move || read_and_let_go(&there, crate::refcount::RefCount::dec))
        });
        let here = read_and_let_go(&block, crate::refcount::RefCount::dec_likely_last);
        let freed = others.map(|other| other.join().unwrap());
        assert_eq!(
            u32::from(here) + freed.map(u32::from).iter().sum::<u32>(),
            1
        );
    });
}

/// Each ordering that can be weakened, weakened.
mod weakened {
    // Each is a copy of the whole file, of which a law needs a part.
    #![allow(dead_code)]
    include!(concat!(env!("OUT_DIR"), "/weakened.rs"));

    #[test]
    fn every_strong_ordering_was_weakened() {
        assert!(WEAKENED >= 3, "`build.rs` found only {WEAKENED}");
    }
}

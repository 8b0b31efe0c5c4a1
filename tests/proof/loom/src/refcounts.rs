//! Reference counts: of a value, which is freed by the last holder, and of a node, which an only
//! holder writes in place.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use crate::explore;
use crate::refcount::RefCount;

/// A block with a count. Loom notes who touches the content, and objects when two do that nothing
/// has ordered. The `Arc` represents the memory, which is never freed before the end.
struct Block<C> {
    count: C,
    content: UnsafeCell<u32>,
}

impl<C> Block<C> {
    fn new(count: C) -> Arc<Self> {
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

/// The operations of a count that the laws need. Each copy of the file has a separate type.
pub(crate) trait Count: 'static {
    fn one() -> Self;
    fn inc(&self);
    fn dec(&self) -> bool;
    fn dec_likely_last(&self) -> bool;
    fn is_one(&self) -> bool;
}

/// Makes the type of one of the copies a [`Count`].
#[macro_export]
macro_rules! count {
    ($Count:ty) => {
#[rustfmt::skip]
        impl $crate::refcounts::Count for $Count {
            fn one() -> Self { <$Count>::one() }
            fn inc(&self) { <$Count>::inc(self) }
            fn dec(&self) -> bool { <$Count>::dec(self) }
            fn dec_likely_last(&self) -> bool { <$Count>::dec_likely_last(self) }
            fn is_one(&self) -> bool { <$Count>::is_one(self) }
        }
    };
}

/// The laws that both kinds of block need.
type Law = (&'static str, fn());

fn laws<C: Count>() -> [Law; 5] {
    [
        ("the last holder frees what others have read", || {
            two_holders::<C>(|block| let_go(block, C::dec), |block| let_go(block, C::dec));
        }),
        ("also when both expect to be the last", || {
            let last: Step<C> = |block| let_go(block, C::dec_likely_last);
            two_holders(last, last);
        }),
        ("also of three, one of which is made meanwhile", || {
            let two_of_them: Step<C> = |block| {
                block.count.inc();
                assert!(!let_go(block, C::dec), "it was not the last");
                let_go(block, C::dec_likely_last)
            };
            two_holders(|block| let_go(block, C::dec_likely_last), two_of_them);
        }),
        (
            "an only holder writes in place what others have read",
            || {
                let writes: Step<C> = |block| {
                    write_if_alone(block);
                    let_go(block, C::dec)
                };
                two_holders(writes, |block| let_go(block, C::dec));
            },
        ),
        ("both write in place, one after the other", || {
            let here: Step<C> = |block| {
                write_if_alone(block);
                let_go(block, C::dec_likely_last)
            };
            let there: Step<C> = |block| {
                write_if_alone(block);
                let_go(block, C::dec)
            };
            two_holders(here, there);
        }),
    ]
}

/// A step of a holder, which returns `true` if the holder was the last.
type Step<C> = fn(&Block<C>) -> bool;

/// Lets two threads hold a block, of which one must be the last.
fn two_holders<C: Count>(here: Step<C>, there: Step<C>) {
    let block = Block::new(C::one());
    block.count.inc();
    let other = block.clone();
    let other = thread::spawn(move || there(&other));
    let last = [here(&block), other.join().unwrap()];
    assert_ne!(last[0], last[1], "one of the two was the last");
}

/// Reads the content, gives the reference back, and frees the block if it was the last.
fn let_go<C>(block: &Block<C>, dec: fn(&C) -> bool) -> bool {
    block.read();
    let last = dec(&block.count);
    if last {
        block.write();
    }
    last
}

fn write_if_alone<C: Count>(block: &Block<C>) {
    if block.count.is_one() {
        block.write();
    }
}

/// Fails if loom objects to none of the laws.
pub(crate) fn loom_objects_to<C: Count>() {
    let broken = laws::<C>().into_iter().filter(|(law, model)| {
        let objects = std::panic::catch_unwind(|| explore(law, *model)).is_err();
        if objects {
            println!("loom objects: {law}");
        }
        objects
    });
    assert!(broken.count() > 0, "a weakened ordering went unnoticed");
}

count!(RefCount);

#[test]
fn counts_keep_their_laws() {
    for (law, model) in laws::<RefCount>() {
        explore(law, model);
    }
}

#[test]
fn three_holders_on_three_threads_free_once() {
    explore("three holders on three threads free once", || {
        let block = Block::new(RefCount::one());
        let others = [(); 2].map(|()| {
            block.count.inc();
            let there = block.clone();
            thread::spawn(move || let_go(&there, RefCount::dec))
        });
        let here = let_go(&block, RefCount::dec_likely_last);
        let freed = others.map(|other| other.join().unwrap());
        let last = [here, freed[0], freed[1]];
        assert_eq!(last.map(u32::from).iter().sum::<u32>(), 1);
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

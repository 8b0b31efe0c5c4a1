//! A library that switches stacks on one thread, inside of reads.

use corosensei::{Coroutine, CoroutineResult};
use separate_vars::USER;

fn main() {
    drop(USER.set("main"));
    let mut coroutine = Coroutine::<(), (), ()>::new(|yielder, ()| {
        USER.with(|_| yielder.suspend(()));
    });
    assert!(matches!(coroutine.resume(()), CoroutineResult::Yield(())));
    USER.with(|_| {
        println!("two reads are open");
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| coroutine.resume(())));
        println!("not reached: the outer read ends inside the inner one: {ended:?}");
    });
}

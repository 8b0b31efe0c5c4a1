//! A library that switches stacks on one thread, inside a scope.

use corosensei::{Coroutine, CoroutineResult};
use separate_vars::USER;

fn main() {
    let in_scope = || {
        Coroutine::<(), (), ()>::new(|yielder, ()| {
            USER.sync_scope("coroutine", || yielder.suspend(()));
        })
    };
    // Its scope ends before the one around it: nested, though on two stacks.
    USER.sync_scope("main", || {
        let mut coroutine = in_scope();
        assert!(matches!(coroutine.resume(()), CoroutineResult::Yield(())));
        assert_eq!(USER.get(), "coroutine", "the thread is still in it");
        assert!(matches!(coroutine.resume(()), CoroutineResult::Return(())));
        assert_eq!(USER.get(), "main");
    });
    println!("nested scopes are left");

    let mut coroutine = in_scope();
    USER.sync_scope("main", || {
        assert!(matches!(coroutine.resume(()), CoroutineResult::Yield(())));
    });
    println!("not reached: the outer scope ends inside the inner one");
}

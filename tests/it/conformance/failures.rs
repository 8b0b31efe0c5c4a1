//! Section H: panics and cancellation.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use context_vars::{Context, context_var, isolated, prelude::*, task};
use tokio::runtime::Builder;

use crate::support::{Alive, DropHook, Tracked, on_drop, panic_of};

context_var! {
    static USER: &str = "anonymous";
    static OBJECT: Tracked;
    static HOOK: DropHook;
    static COUNT: u32;
}

#[test]
fn object_of_a_scope_that_panics_is_released_once() {
    // case 187
    let alive = Alive::default();
    let text = panic_of(|| OBJECT.sync_scope(alive.track(), || panic!("inside")));
    assert_eq!((text.as_str(), alive.count()), ("inside", 0));
    let failed: Result<(), &str> = OBJECT.sync_scope(alive.track(), || Err("failed"));
    assert_eq!((failed, alive.count()), (Err("failed"), 0));
}

#[test]
fn thousands_of_tasks_that_scope_yield_and_are_cancelled_end_with_the_outer_value() {
    // case 192
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.unwrap().block_on(COUNT.scope(0, async {
        for round in 1..=50 {
            let tasks: Vec<_> = (1..=50)
                .map(|n| {
                    task::spawn(async move {
                        for step in 0.. {
                            COUNT
                                .scope(round * 1000 + n, async {
                                    tokio::task::yield_now().await;
                                    assert_eq!(COUNT.get(), round * 1000 + n);
                                })
                                .await;
                            assert_eq!(COUNT.get(), 0, "step {step}");
                            tokio::task::yield_now().await;
                        }
                    })
                })
                .collect();
            tokio::time::sleep(Duration::from_micros(300)).await;
            tasks.iter().for_each(tokio::task::JoinHandle::abort);
            for task in tasks {
                assert!(task.await.unwrap_err().is_cancelled());
            }
            assert_eq!(COUNT.get(), 0);
            let bare = tokio::spawn(async { COUNT.is_set() });
            assert!(!bare.await.unwrap(), "a worker was left with a context");
        }
    }));
}

#[test]
fn cleanup_after_a_failed_setup_runs_in_the_same_context() {
    // case 197
    let mut fixture = Context::new();
    let setup = panic_of(|| {
        fixture.run(|| {
            drop(USER.set("set up"));
            panic!("setup failed")
        })
    });
    assert_eq!(setup, "setup failed");
    assert_eq!(fixture.run(|| USER.get()), "set up");
    assert_eq!(USER.get(), "anonymous");
}

#[test]
fn code_that_panics_at_a_switch_leaves_nothing_half_switched() {
    // case 201: there are no callbacks at a switch; what runs there is the `Drop` of values. .NET
    // kills the process, CPython reports and goes on; here the panic is the caller's, afterwards.
    isolated(|| {
        drop(USER.set("outer"));
        let bomb = || on_drop(|| panic!("at the switch"));
        let inside = AssertUnwindSafe(|| HOOK.sync_scope(bomb(), || drop(USER.set("inner"))));
        assert!(catch_unwind(inside).is_err());
        assert_eq!((USER.get(), HOOK.is_set()), ("outer", false));
        let mut future = Box::pin(HOOK.scope(bomb(), async { drop(USER.set("inner")) }));
        let polled = AssertUnwindSafe(|| crate::support::poll_once(future.as_mut()));
        assert!(catch_unwind(polled).is_err());
        assert_eq!((USER.get(), HOOK.is_set()), ("outer", false));
        drop(future);
        let never = HOOK.scope(bomb(), async {}).inherit_context();
        assert!(catch_unwind(AssertUnwindSafe(|| drop(never))).is_err());
        assert_eq!((USER.get(), HOOK.is_set()), ("outer", false));
    });
}

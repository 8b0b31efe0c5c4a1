//! Section M: suppressing what would be inherited.

use context_vars::{Context, context_var, inherit, inherit_fn, isolated, task, thread};

context_var! {
    static USER: &str = "anonymous";
    static OTHER: u32;
    #[no_inherit]
    static MARKED: u32;
}

#[tokio::test]
async fn nothing_is_captured_while_isolated_and_all_of_it_afterwards() {
    // case 271: .NET's suppression keeps one's own reads; here an isolated block reads nothing
    // either. It ends with its closure, so there is nothing to undo.
    USER.scope("alice", async {
        let (captured, thread, pool) = isolated(|| {
            assert!(!USER.is_set());
            let captured = Context::current();
            (
                captured,
                thread::spawn(|| USER.get()),
                task::spawn_blocking(|| USER.get()),
            )
        });
        assert!(captured.is_empty());
        assert_eq!(thread.join().unwrap(), "anonymous");
        assert_eq!(pool.await.unwrap(), "anonymous");
        assert_eq!(USER.get(), "alice");
        assert_eq!(thread::spawn(|| USER.get()).join().unwrap(), "alice");
    })
    .await;
}

#[test]
fn isolating_twice_is_isolating_and_touches_no_other_thread() {
    // case 272: to restore without suppressing, or on another thread, cannot be written.
    USER.sync_scope("alice", || {
        isolated(|| {
            isolated(|| assert!(!USER.is_set()));
            assert!(!USER.is_set());
            Context::new().with_value(&USER, "run").run(|| {
                isolated(|| assert!(!USER.is_set()));
                assert_eq!(USER.get(), "run");
            });
            let there = std::thread::spawn(|| USER.sync_scope("there", || USER.get()));
            assert_eq!(there.join().unwrap(), "there");
        });
        assert_eq!(USER.get(), "alice");
    });
}

#[test]
fn captured_before_and_run_inside_flows_again_for_the_run_only() {
    // case 274
    USER.sync_scope("captured", || {
        let captured = inherit(|| (USER.get(), thread::spawn(|| USER.get()).join().unwrap()));
        isolated(|| {
            drop(USER.set("own"));
            assert_eq!(captured(), ("captured", "captured"));
            assert_eq!(USER.get(), "own");
        });
    });
}

#[test]
fn variable_that_was_taken_out_is_unset_until_it_is_set_again() {
    // case 277
    USER.sync_scope("alice", || {
        let mut disabled = Context::current().without(&USER);
        let later = disabled.run(|| {
            assert!(!USER.is_set());
            inherit_fn(|()| USER.is_set())
        });
        assert!(!later(()), "in a callback, too");
        assert!(!disabled.run(|| isolated(|| USER.is_set())));
        assert!(disabled.run(|| USER.sync_scope("again", || USER.is_set())));
        assert_eq!(USER.get(), "alice");
    });
}

#[test]
fn mark_on_a_variable_decides_and_an_explicit_context_wins() {
    // case 282: CPython's draft marks those that inherit, we mark those that do not.
    MARKED.sync_scope(1, || {
        OTHER.sync_scope(2, || {
            let there = thread::spawn(|| (MARKED.is_set(), OTHER.is_set()));
            assert_eq!(there.join().unwrap(), (false, true));
            let mut explicit = Context::current().with_value(&MARKED, 3);
            let there = std::thread::spawn(move || explicit.run(|| MARKED.get()));
            assert_eq!(there.join().unwrap(), 3);
        });
    });
}

//! The limitations of the crate. Each test names its entry of the documentation's page `limitations`,
//! and `repo/pages.rs` checks that the page has this entry.
//!
//! These are claims about what *is*, so that the page cannot promise more or less. One that fails
//! because something got better is good news: mend the page.

use std::env::consts;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread::{self, JoinHandle};

use context_vars::{context_var, inherit, inherit_context, task, with_context};
use futures::executor::LocalPool;
use futures::task::LocalSpawnExt;

use crate::support::{
    Alive, DropHook, HOOK, TRACKED, Tracked, USER, as_alice, ended, on_a_thread, on_drop, panic_of,
    rayon_pool, soon, witness, workers,
};

context_var! {
    static BASKET: Mutex<Vec<&'static str>> = Mutex::default();
    #[no_inherit]
    static OWN: Tracked;
    static THROUGH_A_THREAD: usize = through_a_thread();
}

fn put(item: &'static str) {
    BASKET.with(|basket| basket.lock().unwrap().push(item));
}

fn basket() -> Vec<&'static str> {
    BASKET.with(|basket| basket.lock().unwrap().clone())
}

// Entry: Interior mutability is shared
#[test]
fn change_inside_a_default_or_an_inherited_value_is_seen_by_every_context_that_has_it() {
    as_alice(|| put("apple"));
    assert_eq!(basket(), ["apple"]);
    assert_eq!(on_a_thread(basket), ["apple"], "one for all");
    BASKET.sync_scope(Mutex::default(), || {
        assert!(basket().is_empty(), "a value is not the default");
        ended(context_vars::thread::spawn(|| put("pear")));
        assert_eq!(basket(), ["pear"], "a copy of a context copies no values");
    });
}

// Entry: Bare work does not inherit
#[test]
fn bare_thread_and_bare_task_do_not_inherit() {
    let task = async { tokio::spawn(async { USER.get() }).await };
    as_alice(|| {
        assert_eq!(on_a_thread(|| USER.get()), "anonymous");
        assert_eq!(workers(1).block_on(task).unwrap(), "anonymous");
    });
}

// Entry: A `set` in a bare task is refused on tokio only
#[test]
fn set_of_a_bare_task_outside_tokio_leaks_to_the_next_one() {
    let seen = on_a_thread(|| {
        let mut pool = LocalPool::new();
        let spawner = pool.spawner();
        let bare = async { drop(USER.set("alice")) };
        spawner.spawn_local(bare).unwrap();
        let next = spawner.spawn_local_with_handle(async { USER.get() });
        pool.run_until(next.unwrap())
    });
    assert_eq!(seen, "alice");
}

// Entry: Stolen jobs
#[test]
fn bare_job_of_rayon_sees_the_context_of_the_thread_that_steals_it() {
    let mut seen = rayon_pool(1).install(|| {
        let (sender, seen) = mpsc::channel();
        let job = |name| {
            let sender = sender.clone();
            move || sender.send((name, USER.get())).unwrap()
        };
        rayon::spawn(inherit(job("wrapped")));
        rayon::spawn(job("bare"));
        // A thread that waits takes other work, whatever there is.
        let steal = || while rayon::yield_now() == Some(rayon::Yield::Executed) {};
        USER.sync_scope("thief", steal);
        [soon(&seen), soon(&seen)]
    });
    seen.sort_unstable();
    assert_eq!(seen, [("bare", "thief"), ("wrapped", "anonymous")]);
}

// Entry: Work that outlives its request
#[tokio::test]
async fn work_that_outlives_its_request_keeps_every_value_of_it() {
    let (all, own) = (Alive::default(), Alive::default());
    let (go_on, wait) = tokio::sync::oneshot::channel::<()>();
    let mut left = None;
    let request = async { left = Some(task::spawn(async { wait.await.unwrap() })) };
    let request = TRACKED.scope(all.track(), request);
    OWN.scope(own.track(), request).await;
    tokio::task::yield_now().await;
    assert_eq!(all.count(), 1, "the task never reads it, and keeps it");
    assert_eq!(own.count(), 0, "not inherited: gone with the request");
    go_on.send(()).unwrap();
    left.unwrap().await.unwrap();
    assert_eq!(all.count(), 0);
}

// Entry: A value whose drop panics takes the result of a function with it
#[test]
fn result_of_a_function_leaks_if_the_drop_of_a_value_panics() {
    static RETURNED: AtomicUsize = AtomicUsize::new(0);

    /// Owns no memory, which would leak.
    struct Permit;
    impl Drop for Permit {
        fn drop(&mut self) {
            RETURNED.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[with_context(hook = on_drop(|| panic!("in drop")))]
    fn take() -> Permit {
        Permit
    }

    assert_eq!(panic_of(take), "in drop");
    assert_eq!(RETURNED.load(Ordering::Relaxed), 0);
}

// Entry: Captures of a rewritten closure
#[test]
fn captures_of_a_closure_are_dropped_outside_its_context() {
    #[inherit_context]
    fn borrowed(hook: DropHook) -> JoinHandle<()> {
        thread::spawn(move || {
            let _used = &hook;
        })
    }

    #[inherit_context]
    fn moved(hook: DropHook) -> JoinHandle<()> {
        thread::spawn(move || drop(hook))
    }

    fn function(hook: DropHook) -> JoinHandle<()> {
        context_vars::thread::spawn(move || {
            let _used = &hook;
        })
    }

    let dropped_as = |spawn: fn(DropHook) -> JoinHandle<()>| {
        let (hook, seen) = witness();
        ended(as_alice(|| spawn(hook)));
        seen.users()
    };
    assert_eq!(dropped_as(borrowed), ["anonymous"], "goes with the closure");
    assert_eq!(dropped_as(moved), ["alice"], "goes inside");
    assert_eq!(dropped_as(function), ["alice"], "not so with the function");
}

// Entry: What the attributes recognize
#[test]
fn block_given_to_a_spawn_call_and_call_under_another_name_are_not_found() {
    #[inherit_context]
    fn spawns() -> [&'static str; 4] {
        let job = || USER.get();
        [
            ended(thread::spawn(job)),
            ended(thread::spawn({ job })),
            on_a_thread(|| USER.get()),
            on_a_thread(
                #[inherit_context]
                move || USER.get(),
            ),
        ]
    }
    let [found, block, other_name, marked] = as_alice(spawns);
    assert_eq!([found, marked], ["alice", "alice"]);
    assert_eq!([block, other_name], ["anonymous", "anonymous"]);
}

// Entry: What the attributes recognize
#[test]
fn future_under_another_name_runs_outside_of_the_attributes_scope() {
    type Later = Pin<Box<dyn Future<Output = &'static str>>>;

    #[with_context(user = "alice")]
    fn aliased() -> Later {
        Box::pin(async { USER.get() })
    }

    #[with_context(user = "alice")]
    fn written_out() -> Pin<Box<dyn Future<Output = &'static str>>> {
        Box::pin(async { USER.get() })
    }

    assert_eq!(futures::executor::block_on(aliased()), "anonymous");
    assert_eq!(futures::executor::block_on(written_out()), "alice");
}

fn through_a_thread() -> usize {
    match thread::Builder::new().spawn(|| THROUGH_A_THREAD.get()) {
        Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
        Err(error) => panic!("no more threads: {error}"),
    }
}

// Entry: A default that needs itself
#[test]
fn default_that_needs_itself_through_other_threads_ends_with_a_panic() {
    let text = panic_of(|| THROUGH_A_THREAD.get());
    let expected = "THROUGH_A_THREAD` needs itself, since 1024 threads are computing it at once";
    let is_expected = text.contains(expected) || text.contains("no more threads");
    assert!(is_expected, "{text}");
}

// Entry: The future of an async closure
#[tokio::test]
async fn future_of_an_async_closure_runs_outside_of_the_closure_s_scope() {
    let future = as_alice(|| async { USER.get() });
    assert_eq!(future.await, "anonymous");
    let inheriting = as_alice(|| inherit(|| async { USER.get() }));
    assert_eq!(inheriting().await, "anonymous");
}

/// Builds the programs of `tests/fixtures/separate`; one of them, to be run.
fn separate(program: &str) -> Command {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/separate/Cargo.toml");
    let target = concat!(env!("CARGO_TARGET_TMPDIR"), "/separate");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--target-dir", target])
        .args(["--manifest-path", manifest])
        // As for a user, whatever these tests are built with.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET")
        .status();
    assert!(built.unwrap().success());
    let (prefix, suffix) = (consts::DLL_PREFIX, consts::DLL_SUFFIX);
    let library = format!("{target}/debug/{prefix}separate_plugin{suffix}");
    let program = format!("{target}/debug/{program}{}", consts::EXE_SUFFIX);
    let mut command = Command::new(program);
    command.arg(library);
    command
}

/// Runs a program of `tests/fixtures/separate`, which must print this and succeed.
#[track_caller]
fn assert_prints(program: &str, text: &str) {
    let ran = separate(program).output().unwrap();
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{errors}");
    assert_eq!(String::from_utf8_lossy(&ran.stdout), text);
}

// Entry: Two copies of the crate in one program
#[test]
fn two_versions_and_dynamic_libraries_have_contexts_of_their_own() {
    assert_prints("separate-host", "each has its own\n");
}

// Entry: Stacks that are switched on one thread
#[test]
fn stacks_that_are_switched_inside_a_scope_end_the_process() {
    for (program, printed) in [
        ("separate-coroutines", "nested scopes are left\n"),
        ("separate-reads", "two reads are open\n"),
    ] {
        let ran = separate(program).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&ran.stdout), printed);
        assert!(!ran.status.success(), "{program}");
        let errors = String::from_utf8_lossy(&ran.stderr);
        let reason = "stacks of one thread must not be interleaved";
        assert!(errors.contains(reason), "{errors}");
        // The result is the same if the answer is not read.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = separate(program).stderr(writer).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&ran.stdout), printed);
        let aborted = ran.status.code().is_none();
        assert!(aborted || !cfg!(unix), "{program}: {}", ran.status);
    }
}

// Entry: Stacks that are switched on one thread
#[test]
fn read_that_is_suspended_keeps_its_value_when_the_context_is_left() {
    assert_prints("separate-left", "the read kept its value\n");
}

//! R3: when, where and how often a default is computed.

use std::sync::atomic::{AtomicUsize, Ordering};

use context_vars::{context_var, inherit};

use crate::support::{Meeting, ended, on_a_thread, panic_of};

context_var! {
    static USER: &str = "anonymous";
    static GREETING: String = { let user = USER.get(); USER.set("nobody"); format!("hello {user}") };
    static SETS: u32 = { drop(READER.set(Reader)); 1 };
    static READER: Reader;
    static ITSELF: u32 = ITSELF.get() + 1;
    static LEFT: u32 = RIGHT.get();
    static RIGHT: u32 = LEFT.get();
    static ONCE_MORE: u32 = fails_at_first();
    static RACED: usize = raced();
    static MUTUAL_A: u32 = { START.wait(); 1 + *MUTUAL_BASE.get().first().unwrap() };
    static MUTUAL_B: u32 = { START.wait(); 2 + *MUTUAL_BASE.get().first().unwrap() };
    static MUTUAL_BASE: Vec<u32> = vec![10];
}

static TRIES: AtomicUsize = AtomicUsize::new(0);
static RACERS: AtomicUsize = AtomicUsize::new(0);
static BOTH_COMPUTE: Meeting = Meeting::new();
static START: Meeting = Meeting::new();

/// Reads, when it is dropped, the variable whose default has set it.
struct Reader;

static READ: AtomicUsize = AtomicUsize::new(0);

impl Drop for Reader {
    fn drop(&mut self) {
        READ.fetch_add(SETS.get() as usize, Ordering::SeqCst);
    }
}

fn fails_at_first() -> u32 {
    assert!(TRIES.fetch_add(1, Ordering::SeqCst) > 0, "not yet");
    7
}

fn raced() -> usize {
    // Both threads are inside before either is done, so neither waits for a lock.
    BOTH_COMPUTE.wait();
    RACERS.fetch_add(1, Ordering::SeqCst)
}

#[test]
fn default_is_one_value_computed_in_an_empty_context_and_what_it_sets_is_gone() {
    USER.sync_scope("alice", || {
        assert_eq!(GREETING.get(), "hello anonymous");
        assert_eq!(USER.get(), "alice", "what the default sets is gone");
    });
    let address = || GREETING.with(|greeting| greeting.as_ptr().addr());
    assert_eq!(on_a_thread(address), address());
}

#[test]
fn default_that_needs_itself_panics_and_says_so() {
    for var in [&ITSELF, &LEFT, &RIGHT] {
        let text = panic_of(|| var.get());
        let expected = format!("::{}` needs itself", var.name());
        assert!(text.contains(&expected), "{var:?}: {text}");
        // Nothing is left behind: set, it reads like any other.
        var.sync_scope(3, || assert_eq!(var.get(), 3));
    }
}

#[test]
fn default_that_panicked_is_tried_again() {
    USER.sync_scope("alice", || {
        assert_eq!(panic_of(|| ONCE_MORE.get()), "not yet");
        assert_eq!(USER.get(), "alice"); // the empty context was left
        assert_eq!(ONCE_MORE.get(), 7);
    });
}

#[test]
fn racing_threads_all_get_the_first_result() {
    let threads = [(); 2].map(|()| std::thread::spawn(|| RACED.get()));
    let read = threads.map(ended);
    assert_eq!(RACERS.load(Ordering::SeqCst), 2, "both computed it");
    assert_eq!(read, [RACED.get(); 2]);
}

#[test]
fn defaults_that_need_a_third_one_at_the_same_time_do_not_deadlock() {
    let a = std::thread::spawn(inherit(|| MUTUAL_A.get()));
    let b = std::thread::spawn(inherit(|| MUTUAL_B.get()));
    assert_eq!((ended(a), ended(b)), (11, 12));
}

#[test]
fn what_a_default_has_set_goes_when_the_default_can_be_read() {
    assert_eq!(SETS.get(), 1);
    let read = READ.load(Ordering::SeqCst);
    assert_eq!(read, 1, "dropped once, and found the default");
}

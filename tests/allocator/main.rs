//! The crate under an allocator that itself sets, resets and reads variables, in every allocation
//! and in every release of memory.
//!
//! Such an allocator changes the current context wherever the crate allocates. A borrow
//! from that context at such a moment would then point to freed memory. AddressSanitizer reports it
//! (`.ci/sanitize`), and a [`Canary`](hook::Canary) often notices it without the sanitizer.
//!
//! [`paths`] are the ways through the crate, [`surroundings`] the contexts in which each is run.

mod guards;
mod hook;
mod paths;
mod surroundings;

use self::hook::events_during;
use self::paths::Path;

/// Runs the path in all surroundings, twice: the second time, the free lists have blocks.
#[track_caller]
fn check(path: Path) {
    hook::install();
    let events = events_during(|| {
        for surrounding in surroundings::ALL {
            for _ in 0..2 {
                surrounding(path);
            }
            hook::read_all();
        }
    });
    assert!(events > 100, "the allocator was called {events} times");
}

macro_rules! checks {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            check(paths::$name);
        }
    )*};
}

checks! {
    scopes_of_one_variable
    scopes_of_the_sixteenth_variable_and_later_ones
    scopes_of_variables_that_do_not_inherit
    scopes_by_attribute
    scopes_that_unwind
    set_and_reset
    set_in_a_tree_that_grows
    reads_during_which_everything_changes
    defaults
    snapshots
    contexts_that_are_built
    contexts_that_run
    futures_that_are_polled
    futures_that_are_dropped_half_way
    streams
    inherited_work
    threads_that_end
    tasks
    values_that_set_when_they_are_dropped
    attached_contexts
    messages_and_contexts_that_are_kept
}

/// Variables that are first set by many threads at once, while the allocator sets others.
#[test]
fn ids_that_threads_assign_at_once() {
    hook::install();
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(paths::first_sets);
        }
    });
}

/// Says so, because the scripts look for the line, so that a flag that was lost does not make them
/// blind.
#[test]
fn contexts_call_the_allocator_after_warm_up_only_if_free_lists_are_off() {
    hook::install();
    paths::one_context();
    let off = hook::events_of_this_thread(paths::one_context) > 0;
    println!("free lists: {}", if off { "off" } else { "on" });
    assert_eq!(off, cfg!(context_vars_no_free_lists));
}

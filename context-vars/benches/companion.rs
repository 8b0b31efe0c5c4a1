//! The cost of a companion: none installed, one with nothing to capture, one that captures a number,
//! and the span of `tracing`.
//!
//! `cargo bench -p context-vars --features companion,tracing --bench companion` prints nanoseconds
//! for a poll of a future that inherited, and for creating, polling once and dropping one. A
//! companion stays for the life of a process, so each line is measured in a separate process. The
//! processes take turns, and the fastest round of each counts. The poll without a companion is the
//! cost that the feature alone adds: one branch, about five instructions.
//!
//! It also counts allocations, and fails if there are more than the documentation states.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::{Future, pending};
use std::hint::black_box;
use std::pin::pin;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};
use std::time::Instant;

use context_vars::companion::{self, Companion, TracingSpan};
use context_vars::{context_var, prelude::*};

context_var! {
    static USER: u64 = 0;
}

const ROUNDS: usize = 2_000;
const POLLS: u32 = 1_000;
const TURNS: usize = 3;

/// The name, and the greatest number of allocations that creating a future may cost.
const WAYS: [(&str, u64); 4] = [
    ("none installed", 0),
    ("nothing to take", 0),
    ("a number", 2),
    ("a span", 2),
];

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: Both methods pass their arguments on to the system's allocator, which fulfils the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: The layout has a size, as `alloc` requires of its callers, too.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: `alloc` got the block from the system's allocator, with this layout.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static NUMBER: Cell<u64> = const { Cell::new(0) };
}

/// Takes a number from a thread-local, unless it is 0.
struct Number;

struct Restore(u64);

impl Drop for Restore {
    fn drop(&mut self) {
        NUMBER.set(self.0);
    }
}

impl Companion for Number {
    type State = u64;
    type Guard<'a> = Restore;

    fn capture(&self) -> Option<u64> {
        Some(NUMBER.get()).filter(|&number| number != 0)
    }

    fn enter(&self, state: &u64) -> Restore {
        Restore(NUMBER.replace(*state))
    }
}

/// Returns the nanoseconds of one `operation` in the fastest round, and the allocations of one.
fn measure(mut operation: impl FnMut()) -> (f64, u64) {
    let mut fastest = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..POLLS {
            operation();
        }
        fastest = fastest.min(start.elapsed().as_secs_f64());
    }
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    operation();
    let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
    (fastest * 1e9 / f64::from(POLLS), allocations)
}

/// Prints the cost of a poll, and of creating a future, in this process.
fn measure_both() {
    let mut cx = Context::from_waker(Waker::noop());
    let mut future = pin!(pending::<()>().inherit_context());
    let (poll, none) = measure(|| {
        let _ = black_box(black_box(future.as_mut()).poll(&mut cx));
    });
    assert_eq!(none, 0, "a poll allocates");
    let (make, allocations) = measure(|| {
        let future = pin!(pending::<()>().inherit_context());
        let _ = black_box(black_box(future).poll(&mut cx));
    });
    println!("{poll} {make} {allocations}");
}

fn child(way: &str) {
    let span = || tracing::info_span!("request");
    let mut entered = None;
    match way {
        "none installed" => {}
        "a span" => {
            tracing::subscriber::set_global_default(tracing_subscriber::registry())
                .expect("the process is new");
            companion::install(TracingSpan).expect("the process is new");
            entered = Some(span().entered());
        }
        _ => {
            companion::install(Number).expect("the process is new");
            NUMBER.set(u64::from(way == "a number"));
        }
    }
    USER.sync_scope(7, measure_both);
    drop(entered);
}

/// The measurement of one process.
fn measured(way: &str) -> [f64; 3] {
    let own = std::env::current_exe().expect("it is running");
    let output = Command::new(own).env("COMPANION", way).output();
    let output = output.expect("it runs again");
    assert!(output.status.success(), "{way}: {output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text.split_whitespace().flat_map(str::parse).collect();
    numbers.try_into().expect("it prints three numbers")
}

fn main() {
    if let Ok(way) = std::env::var("COMPANION") {
        return child(&way);
    }
    let mut fastest = [[f64::INFINITY; 3]; WAYS.len()];
    for _ in 0..TURNS {
        for (fastest, (way, _)) in fastest.iter_mut().zip(WAYS) {
            let measured = measured(way);
            for (fastest, measured) in fastest.iter_mut().zip(measured) {
                *fastest = fastest.min(measured);
            }
        }
    }
    println!("companion           poll ns   make, poll, drop ns   allocations");
    for ([poll, make, allocations], (way, most)) in fastest.into_iter().zip(WAYS) {
        println!("{way:<16} {poll:>10.1} {make:>21.1} {allocations:>13}");
        assert!(
            allocations <= most as f64,
            "{way} allocates more than {most} times"
        );
    }
}

//! The allocator, and what it does with variables.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, Once};

use context_vars::{Context, ContextVar, Token, context_var};

/// Calls [`act`] in each allocation and each release of memory, but not inside itself.
struct Acting;

#[global_allocator]
static ALLOCATOR: Acting = Acting;

/// Off until every variable of the allocator has its id.
static INSTALLED: AtomicBool = AtomicBool::new(false);
static EVENTS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    // Neither has a destructor, so both can be used until the thread is gone.
    static ACTING: Cell<bool> = const { Cell::new(false) };
    static EVENTS_HERE: Cell<usize> = const { Cell::new(0) };
    static PLANNED: Cell<Option<Planned>> = const { Cell::new(None) };
}

// SAFETY: Both functions pass their arguments on to the system's allocator unchanged. Nothing else
// that they do unwinds: a panic is caught, and a wrong canary ends the process.
unsafe impl GlobalAlloc for Acting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        event();
        // SAFETY: The requirements are the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: The requirements are the same.
        unsafe { System.dealloc(block, layout) }
        event();
    }
}

fn event() {
    if !INSTALLED.load(Ordering::Relaxed) || ACTING.replace(true) {
        return;
    }
    EVENTS_HERE.set(EVENTS_HERE.get() + 1);
    let number = EVENTS.fetch_add(1, Ordering::Relaxed);
    let planned = PLANNED.take();
    let act = || match planned {
        Some((0, planned)) => planned(),
        // Nothing else happens before.
        Some((after, planned)) => PLANNED.set(Some((after - 1, planned))),
        None => act(number),
    };
    if catch_unwind(AssertUnwindSafe(act)).is_err() {
        end_process("the allocator panicked");
    }
    ACTING.set(false);
}

/// An action of the allocator, once, after some events in which it does nothing.
type Planned = (usize, fn());

/// Lets the allocator call `f` once on this thread, after `events` of its calls in which it does nothing.
pub fn at_event(events: usize, f: fn()) {
    PLANNED.set(Some((events, f)));
}

/// Takes the plan of [`at_event`] back. Returns whether the allocator had not come to it.
pub fn cancel_plan() -> bool {
    PLANNED.take().is_some()
}

/// An allocator must not unwind.
fn end_process(reason: &str) -> ! {
    eprintln!("{reason}");
    std::process::abort();
}

/// Returns how often the allocator acted on any thread during `f`.
pub fn events_during(f: impl FnOnce()) -> usize {
    let before = EVENTS.load(Ordering::Relaxed);
    f();
    EVENTS.load(Ordering::Relaxed) - before
}

/// Returns how often the allocator acted on this thread during `f`.
pub fn events_of_this_thread(f: impl FnOnce()) -> usize {
    let before = EVENTS_HERE.get();
    f();
    EVENTS_HERE.get() - before
}

/// A value that notices when its memory is used for something else.
pub struct Canary {
    number: u64,
    complement: u64,
    text: String,
}

impl Canary {
    pub fn new(number: usize) -> Self {
        let number = number as u64;
        Self {
            number,
            complement: !number,
            text: number.to_string(),
        }
    }

    pub fn check(&self) {
        if self.complement != !self.number || self.text.parse() != Ok(self.number) {
            end_process("a canary was read after it was dropped, or overwritten");
        }
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.check();
        self.complement = self.number;
        // Written although nothing may read it any more.
        std::hint::black_box(&self.complement);
    }
}

context_var! {
    // The first that are set, so these have inline slots.
    static INLINE: Canary;
    static INLINE_LARGE: [Canary; 4];
    #[no_inherit]
    static LOCAL: Canary;
    // Set after the seventeen below.
    static SPILLED: Canary;
    static SPILLED_LARGE: [Canary; 4];
    #[no_inherit]
    static LOCAL_SPILLED: Canary;
    static DEFAULTED: Canary = Canary::new(7);
}

macro_rules! fillers {
    ($($inherited:ident $local:ident)*) => {
        context_var! {
            $(static $inherited: u32;
            #[no_inherit]
            static $local: u32;)*
        }

        /// Leaves the inline slots from the sixth on for the tests, and none for later variables of
        /// the allocator: its spilled ones are set after this.
        fn set_fillers() {
            $(drop($local.set(0));)*
            $(drop($inherited.set(0));)*
        }
    };
}

fillers! { A0 L0 A1 L1 A2 L2 A3 L3 A4 L4 A5 L5 A6 L6 A7 L7 A8 L8 A9 L9 AA LA AB LB AC LC AD LD AE LE }

/// The variables of one value each.
const SINGLE: [&ContextVar<Canary>; 4] = [&INLINE, &SPILLED, &LOCAL, &LOCAL_SPILLED];

/// Gives every variable of the allocator its id, then lets it act.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let mut context = Context::new();
        context.run(|| {
            INLINE.set(Canary::new(0));
            INLINE_LARGE.set(large(0));
            drop(LOCAL.set(Canary::new(0)));
            crate::paths::set_inline();
            set_fillers();
            SPILLED.set(Canary::new(0));
            SPILLED_LARGE.set(large(0));
            LOCAL_SPILLED.set(Canary::new(0));
        });
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !ACTING.get() {
                report(panic);
            }
        }));
        INSTALLED.store(true, Ordering::Relaxed);
    });
}

fn large(number: usize) -> [Canary; 4] {
    [(); 4].map(|()| Canary::new(number))
}

/// Contexts and tokens that some event kept and a later one, perhaps on another thread, takes.
static CONTEXTS: [Mutex<Option<Context>>; 4] = [const { Mutex::new(None) }; 4];
static TOKENS: [Mutex<Option<Token<Canary>>>; 4] = [const { Mutex::new(None) }; 4];

/// Puts `new` in a place where any thread finds it, and returns what was there.
fn exchange<T>(place: &Mutex<Option<T>>, new: Option<T>) -> Option<T> {
    match place.try_lock() {
        Ok(mut old) => std::mem::replace(&mut old, new),
        Err(_) => new,
    }
}

/// Uses variables in one of many ways, all of which come up again and again.
fn act(event: usize) {
    // Mixed, so that the ways do not follow the rhythm of the code that allocates.
    let mixed = event.wrapping_mul(0x9E37_79B9) >> 12;
    read_all();
    match mixed % 15 {
        0 => drop(set(&INLINE, event)),
        1 => drop(set(&SPILLED, event)),
        2 => drop(set(&LOCAL, event)),
        3 => drop(set(&LOCAL_SPILLED, event)),
        4 => set_large(event),
        5 => set_everything(event),
        6 => set_and_reset(event),
        7 => drop(exchange(&TOKENS[mixed % 4], set(&INLINE, event))),
        8 => {
            // Often in another context or on another thread, where it is refused.
            let token = exchange(&TOKENS[mixed % 4], None);
            drop(token.map(|token| refusable(|| token.reset())));
        }
        9 => drop(exchange(&CONTEXTS[mixed % 4], Some(Context::current()))),
        10 => run_elsewhere(mixed, event),
        11 => scopes(event),
        12 => attached(event),
        13 => attached_out_of_order(event),
        _ => read_and_set(event),
    }
    read_all();
}

/// Runs what a bare task is refused with a panic.
pub fn refusable<R>(f: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(f)).ok()
}

fn set(var: &'static ContextVar<Canary>, event: usize) -> Option<Token<Canary>> {
    refusable(|| var.set(Canary::new(event)))
}

fn set_large(event: usize) {
    drop(refusable(|| INLINE_LARGE.set(large(event))));
    drop(refusable(|| SPILLED_LARGE.set(large(event))));
}

fn set_everything(event: usize) {
    for var in SINGLE {
        drop(set(var, event));
    }
    set_large(event);
}

fn set_and_reset(event: usize) {
    for var in SINGLE {
        if let Some(token) = set(var, event) {
            assert_reset(token);
        }
    }
}

/// Refused in one case: the root of a thread that has ended keeps nothing.
fn assert_reset(token: Token<Canary>) {
    let kept = token.var().is_set();
    if token.reset().is_err() && kept {
        end_process("a token was refused in the context where it was made");
    }
}

/// Changes a context that another event left, and leaves it for another one.
fn run_elsewhere(mixed: usize, event: usize) {
    let place = &CONTEXTS[mixed % 4];
    if let Some(mut context) = exchange(place, None) {
        context.run(|| {
            read_all();
            drop(set(&INLINE, event));
            drop(set(&SPILLED, event));
        });
        drop(exchange(place, Some(context)));
    }
}

fn scopes(event: usize) {
    INLINE.sync_scope(Canary::new(event), || {
        LOCAL.sync_scope(Canary::new(event), || {
            SPILLED.sync_scope(Canary::new(event), || {
                read_all();
                drop(set(&LOCAL_SPILLED, event));
                read_all();
            });
        });
        drop(Context::current().without(&INLINE));
    });
}

fn attached(event: usize) {
    let guard = Context::current().attach();
    drop(set(&INLINE, event));
    drop(refusable(|| SPILLED.unset()));
    read_all();
    drop(guard.detach());
}

fn attached_out_of_order(event: usize) {
    let outer = Context::current().attach();
    INLINE.sync_scope(Canary::new(event), || {
        let first = Context::current().attach();
        let second = Context::new().attach();
        drop(set(&SPILLED, event));
        drop(first);
        drop(outer);
        read_all();
        drop(second);
    });
}

/// Replaces values while they are read.
fn read_and_set(event: usize) {
    for var in SINGLE {
        let read = var.try_with(|canary| {
            drop(set(var, event));
            drop(exchange(&CONTEXTS[0], Some(Context::current())));
            canary.check();
        });
        read.unwrap_or_default();
    }
}

/// Reads every variable of the allocator.
pub fn read_all() {
    for var in SINGLE {
        let _ = var.try_with(Canary::check);
    }
    for var in [&INLINE_LARGE, &SPILLED_LARGE] {
        let _ = var.try_with(|canaries| canaries.iter().for_each(Canary::check));
    }
    DEFAULTED.with(Canary::check);
}

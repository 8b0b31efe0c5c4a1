//! The current context of each thread: read, changed, copied, and swapped for another.
//!
//! There is one mechanism. Whatever has a context of its own (`run`, a scope, a poll, inherited
//! work) swaps the two words of its [`State`] with those in the thread's [`Slot`], and swaps them
//! back on every way out.
//!
//! # Why it is sound
//!
//! 1. A context that is entered lies in the slot of one thread and nowhere else: [`Entered`]
//!    moves it out of a `&mut` and back, and keeps the outer one on its own stack. So only this
//!    thread reads or writes it, and a node in it that has one reference is nobody else's.
//! 2. `&T` inside [`with`] stays valid, because only this thread can take away the reference that
//!    the current context holds. It gives references back through one function, [`give_back`], and
//!    hands them out through two: [`Slot::replace`] to a token, [`Slot::leave`] to the context's
//!    owner, either of which may go to another thread. All three first take a reference for every
//!    read that is open ([`Frame`]).
//! 3. Frames, scopes and entered contexts nest strictly, because closures, polls and functions
//!    make them. It is checked all the same when one ends, since a stack switched by a coroutine
//!    library could break it: out of order, the process is aborted.
//! 4. A scope's map leans on the one around it (`storage.rs`). That one lies untouched in the
//!    [`SyncScope`] until the scope's own is taken out of the slot.
//! 5. User code (a `Drop`, a default, what is called with a value) runs only while the slot is
//!    whole: what is displaced is moved out first and dropped last.
//! 6. The slot itself has no destructor, so it can be used in those of other thread-locals. A
//!    second thread-local empties it when the thread ends.

use core::cell::{Cell, UnsafeCell};
use core::marker::PhantomData;
use core::mem::{self, ManuallyDrop};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::pool::Pool;
use crate::state::{Rest, State};
use crate::storage::Map;
use crate::value::{Value, ValuePtr, quietly};
use crate::var::{ContextVar, Info, Made};

/// How far a thread's slot has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing is there that would have to be freed.
    Fresh,
    /// The slot will be emptied when the thread ends.
    Live,
    /// It was emptied: what is set in the root from now on is dropped at once.
    Ended,
}

/// All that a thread keeps.
///
/// The two words of the current context stand apart, so that they are moved one by one: read back
/// as a pair, right after they were written as words, they would wait for the processor's store
/// buffer.
#[repr(C)]
struct Slot {
    /// The current context's values.
    inherited: UnsafeCell<Map>,
    /// How many contexts are entered; 0 in the thread's root.
    depth: Cell<usize>,
    /// What else the current context has.
    rest: UnsafeCell<Option<Box<Rest>>>,
    /// The innermost read that is still open, or null.
    open: Cell<*const Frame>,
    /// The innermost default being computed, or null.
    making: Cell<*const Making>,
    phase: Cell<Phase>,
    pool: Pool,
}

thread_local! {
    // Without a destructor, see point 6 above.
    static SLOT: ManuallyDrop<Slot> = const {
        ManuallyDrop::new(Slot {
            inherited: UnsafeCell::new(Map::EMPTY),
            depth: Cell::new(0),
            rest: UnsafeCell::new(None),
            open: Cell::new(ptr::null()),
            making: Cell::new(ptr::null()),
            phase: Cell::new(Phase::Fresh),
            pool: Pool::new(),
        })
    };
    static AT_END: EmptySlot = const { EmptySlot };
    // The innermost visit. Without a destructor, as the slot.
    #[cfg(all(feature = "tokio", tokio_unstable))]
    static VISITS: ManuallyDrop<Cell<Option<Box<Visit>>>> =
        const { ManuallyDrop::new(Cell::new(None)) };
}

/// This thread's slot.
///
/// A reference instead of `LocalKey::with`, whose closures the compiler tends not to inline.
#[inline]
fn slot<'a>() -> &'a Slot {
    // SAFETY: The slot has no destructor, so it lives as long as its thread. The reference does
    // not leave the thread, because `Slot` is not `Sync`, and stays on the stacks of this module.
    SLOT.with(|slot| unsafe { &*ptr::from_ref::<Slot>(slot) })
}

impl Slot {
    /// The words of the current context, which stay the slot's own.
    ///
    /// # Safety
    ///
    /// What is returned is only looked at, or becomes the slot's again, before anything else of
    /// this module runs.
    #[inline]
    unsafe fn peek(&self) -> ManuallyDrop<State> {
        // SAFETY: The slot is this thread's alone and nobody holds a reference into it, so both
        // places may be read. The copies in the `ManuallyDrop` are never dropped.
        let (inherited, rest) = unsafe { (self.inherited.get().read(), self.rest.get().read()) };
        ManuallyDrop::new(State::from_parts(inherited, rest))
    }

    /// The value under `number` in the current context, which has a reference to it.
    #[inline]
    fn read(&self, number: u32) -> Option<ValuePtr> {
        // SAFETY: The slot is this thread's alone, and nobody writes it before the expression is
        // over.
        match unsafe { &*self.inherited.get() }.near(number) {
            Some(place) => place,
            None => self.read_far(number),
        }
    }

    #[cold]
    fn read_far(&self, number: u32) -> Option<ValuePtr> {
        // SAFETY: What is peeked at is gone with the expression.
        unsafe { self.peek() }.get(number)
    }

    /// Makes `state` current and returns the one that was.
    #[inline]
    fn swap(&self, state: State) -> State {
        let (inherited, rest) = state.into_parts();
        // SAFETY: The slot is this thread's alone and nobody holds a reference into it.
        let (inherited, rest) = unsafe {
            (
                mem::replace(&mut *self.inherited.get(), inherited),
                mem::replace(&mut *self.rest.get(), rest),
            )
        };
        State::from_parts(inherited, rest)
    }

    /// Changes the current context. Whatever `change` displaces is for its result to carry out.
    #[inline]
    fn change<R>(&self, change: impl FnOnce(&mut State, &Pool) -> R) -> R {
        // SAFETY: The state becomes the slot's again below. The callers' closures run no code of
        // the user's and nothing that reads or writes the slot's words; what they drop on the way
        // is a node whose values are all counted elsewhere, which touches only `open` and `pool`.
        let mut state = unsafe { self.peek() };
        let result = change(&mut state, &self.pool);
        // The old words are those that `state` was made of.
        mem::forget(self.swap(ManuallyDrop::into_inner(state)));
        result
    }

    #[inline]
    fn enter(&self, state: State) -> Outer {
        let depth = self.depth.get() + 1;
        self.depth.set(depth);
        let (inherited, rest) = self.swap(state).into_parts();
        Outer {
            inherited,
            depth,
            rest,
        }
    }

    /// Makes `outer` current again and hands out what was.
    #[inline]
    fn leave(&self, outer: ManuallyDrop<Outer>) -> State {
        if self.depth.get() != outer.depth {
            out_of_order();
        }
        // A read that began inside is over, unless generated code was misused.
        self.secure();
        self.depth.set(outer.depth - 1);
        let Outer {
            inherited, rest, ..
        } = ManuallyDrop::into_inner(outer);
        self.swap(State::from_parts(inherited, rest))
    }

    /// A copy of the current context that leans on it.
    ///
    /// # Safety
    ///
    /// That of [`Map::lean`].
    #[inline(never)]
    unsafe fn lean(&self) -> State {
        // SAFETY: What is peeked at is gone with the next statement.
        let state = unsafe { self.peek() };
        if state.is_plain() {
            if let Some(memory) = self.pool.nodes.pop() {
                // The usual case, which calls nothing.
                // SAFETY: The caller's promise.
                let copy = unsafe { state.inherited().lean(memory) };
                return State::from_parts(copy, None);
            }
        }
        // SAFETY: The caller's promise.
        unsafe { self.lean_anyhow() }
    }

    /// # Safety
    ///
    /// That of [`Map::lean`].
    #[cold]
    unsafe fn lean_anyhow(&self) -> State {
        self.make_live();
        // SAFETY: What is peeked at is gone with the next statement.
        let state = unsafe { self.peek() };
        // SAFETY: The caller's promise.
        state.copy_with(unsafe { state.inherited().lean(self.pool.nodes.take()) })
    }

    /// As [`lean`](Self::lean), with `value` put into the copy.
    ///
    /// # Safety
    ///
    /// That of [`Map::lean`].
    #[inline(never)]
    unsafe fn lean_with(&self, info: &'static Info, value: Value) -> State {
        let number = info.number();
        // SAFETY: What is peeked at is gone with the next statement.
        let state = unsafe { self.peek() };
        if state.is_plain() && Map::is_near(number) {
            if let Some(memory) = self.pool.nodes.pop() {
                // The usual case, which calls nothing.
                // SAFETY: The caller's promise.
                let copy = unsafe { state.inherited().lean_with(memory, number, value) };
                return State::from_parts(copy, None);
            }
        }
        // SAFETY: The caller's promise.
        unsafe { self.lean_then_put(info, value) }
    }

    /// # Safety
    ///
    /// That of [`Map::lean`].
    #[cold]
    unsafe fn lean_then_put(&self, info: &'static Info, value: Value) -> State {
        // SAFETY: The caller's promise.
        let mut state = unsafe { self.lean() };
        drop(state.replace(&self.pool, info.number_for_set(), Some(value)));
        state
    }

    /// The number of the current context, 0 if it has none yet.
    #[inline]
    fn known_identity(&self) -> u64 {
        // SAFETY: The slot is this thread's alone, and nobody writes it before the expression is
        // over.
        unsafe { &*self.rest.get() }
            .as_ref()
            .map_or(0, |rest| rest.identity())
    }

    /// The first `set` in a context, which gives it a number.
    #[inline(never)]
    fn set_first(&self, info: &'static Info, value: Value) -> (Option<Value>, u64) {
        if !self.takes_values() {
            return (None, 0);
        }
        let identity = self.change(|state, _| state.identity(next_identity));
        (self.replace(info, Some(value)), identity)
    }

    /// Puts `value` into the current context and hands out what stood there.
    #[inline]
    fn replace(&self, info: &'static Info, value: Option<Value>) -> Option<Value> {
        self.secure();
        // SAFETY: The slot is this thread's alone, and `try_replace` runs nothing that uses it.
        match unsafe { (*self.inherited.get()).try_replace(info.number(), value) } {
            // SAFETY: Nothing has changed since.
            Ok(displaced) => unsafe { displaced.counted() },
            Err(value) => self.replace_anywhere(info, value),
        }
    }

    /// Puts `value` into the current context. What stood there goes when the slot is whole again.
    #[inline(never)]
    fn put(&self, info: &'static Info, value: Value) {
        // SAFETY: As in `replace`.
        match unsafe { (*self.inherited.get()).try_replace(info.number(), Some(value)) } {
            Ok(displaced) => drop(displaced.own()),
            Err(value) => drop(self.replace_anywhere(info, value)),
        }
    }

    #[inline(never)]
    fn replace_anywhere(&self, info: &'static Info, value: Option<Value>) -> Option<Value> {
        let number = info.number_for_set();
        self.change(|state, pool| state.replace(pool, number, value))
    }

    #[inline]
    fn make_live(&self) {
        if self.phase.get() == Phase::Fresh {
            self.register();
        }
    }

    /// Whether what is set now will be dropped in time: not in the root of a thread that ended.
    #[inline]
    fn takes_values(&self) -> bool {
        self.phase.get() == Phase::Live || self.takes_values_now()
    }

    #[cold]
    fn takes_values_now(&self) -> bool {
        self.make_live();
        self.phase.get() == Phase::Live || self.depth.get() > 0
    }

    /// Arranges that the slot is emptied when the thread ends.
    #[cold]
    fn register(&self) {
        let phase = match AT_END.try_with(|_| ()) {
            Ok(()) => Phase::Live,
            // The thread is past the end of its other thread-locals.
            Err(_) => Phase::Ended,
        };
        self.phase.set(phase);
        if phase == Phase::Live {
            self.pool.open();
        }
    }
}

/// Drops the state of work that is over, which few others have a copy of.
// Not inlined, and by value: the state is handed over in registers.
#[inline(never)]
fn discard(state: State) {
    #[cold]
    fn discard_both(both: (Map, Box<Rest>)) {
        drop(both);
    }
    match state.into_parts() {
        (inherited, Some(rest)) => discard_both((inherited, rest)),
        (inherited, None) if inherited.is_static() => mem::forget(inherited),
        (inherited, None) => {
            let mut inherited = ManuallyDrop::new(inherited);
            // SAFETY: This is its last use.
            give_back(|pool| unsafe { inherited.release_own(pool) });
        }
    }
}

#[cold]
fn out_of_order() -> ! {
    eprintln!(
        "context-vars: a scope, a read or an entered context ended before one that began inside \
         it; stacks of one thread must not be interleaved. Aborting, since values may be read \
         after they were freed."
    );
    std::process::abort();
}

/// Empties the thread's slot when the thread ends.
struct EmptySlot;

impl Drop for EmptySlot {
    fn drop(&mut self) {
        let slot = slot();
        slot.phase.set(Phase::Ended);
        slot.pool.close();
        // Deeper, `std::process::exit` was called inside a scope: there the root is on the stack,
        // and the process ends with it.
        if slot.depth.get() == 0 {
            let (inherited, rest) = slot.swap(State::EMPTY).into_parts();
            // A panic in the destructor of a thread-local would abort the process.
            quietly(|| drop(inherited));
            quietly(|| drop(rest));
        }
    }
}

// ---- giving references back ----

/// The one function by which references to values go back; see point 2 above.
#[inline]
fn give_back(release: impl FnOnce(&Pool)) {
    let slot = slot();
    slot.secure();
    release(&slot.pool);
}

impl Drop for Value {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: `drop` is the last use.
        give_back(|pool| unsafe { self.release(pool) });
    }
}

impl Drop for Map {
    #[inline]
    fn drop(&mut self) {
        if !self.is_static() {
            // SAFETY: `drop` is the last use.
            give_back(|pool| unsafe { self.release(pool) });
        }
    }
}

// ---- reading ----

/// A read that is open: the value it looks at, on the stack of the one who looks.
struct Frame {
    value: ValuePtr,
    /// The read around this one, or null.
    below: *const Frame,
    /// Whether the frame holds a reference to the value.
    secured: Cell<bool>,
}

impl Slot {
    /// Takes a reference for every open read that has none yet.
    #[inline]
    fn secure(&self) {
        if !self.open.get().is_null() {
            self.secure_all();
        }
    }

    #[cold]
    fn secure_all(&self) {
        let mut next = self.open.get();
        while !next.is_null() {
            // SAFETY: A frame lies on this thread's stack from the moment it is linked until it
            // is unlinked.
            let frame = unsafe { &*next };
            if frame.secured.replace(true) {
                // Then all frames around it are, too.
                break;
            }
            // SAFETY: The value is alive: no reference was taken away since the frame was opened,
            // or this would have run before. `Secured` gives the new one back.
            mem::forget(unsafe { frame.value.counted() });
            next = frame.below;
        }
    }
}

/// Unlinks a frame when its read is over.
struct Open<'a>(&'a Slot, &'a Frame);

impl Drop for Open<'_> {
    #[inline]
    fn drop(&mut self) {
        let Self(slot, frame) = *self;
        if !ptr::eq(slot.open.get(), frame) {
            out_of_order();
        }
        slot.open.set(frame.below);
    }
}

/// Gives back the reference that was taken for a frame which is no longer linked.
struct Secured<'a>(&'a Frame);

impl Drop for Secured<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.0.secured.get() {
            // SAFETY: `secure` counted this reference for the frame.
            drop(unsafe { self.0.value.into_value() });
        }
    }
}

/// Calls `f` with the value of `var` in the current context, which stays valid whatever `f` does.
/// `Err` hands `f` back if there is none.
#[inline]
pub(crate) fn with<T, R, F>(var: &'static ContextVar<T>, f: F) -> Result<R, F>
where
    F: FnOnce(&T) -> R,
{
    let number = var.info.number();
    if number == 0 {
        // Never set anywhere.
        return Err(f);
    }
    let slot = slot();
    let Some(value) = slot.read(number) else {
        return Err(f);
    };
    let frame = Frame {
        value,
        below: slot.open.get(),
        secured: Cell::new(false),
    };
    let _secured = Secured(&frame);
    // SAFETY: The pointer was found under the variable's number. The current context holds a
    // reference. Before that is taken away, `secure` takes one for the frame, which goes back
    // when `look` has returned.
    Ok(look(slot, &frame, unsafe { value.get() }, f))
}

/// Calls `f` while `frame` is linked.
// A function of its own, so that the compiler knows from the type of `value` that linking the frame
// does not change it: where `f` is a copy of a number, nothing is linked at all.
#[inline]
fn look<T, R>(slot: &Slot, frame: &Frame, value: &T, f: impl FnOnce(&T) -> R) -> R {
    slot.open.set(ptr::from_ref(frame));
    let _open = Open(slot, frame);
    f(value)
}

/// Whether `var` has a value in the current context.
#[inline]
pub(crate) fn is_set(info: &Info) -> bool {
    slot().read(info.number()).is_some()
}

// ---- changing ----

/// Makes `value` one that a context can hold.
#[inline]
pub(crate) fn new_value<T: Send + Sync>(var: &'static ContextVar<T>, value: T) -> Value {
    let slot = slot();
    slot.make_live();
    Value::new(&slot.pool, var, value)
}

/// Puts `value` into the current context; returns what stood there, and the number of the context.
///
/// In the root of a thread that has ended, `value` is dropped instead, and the number is 0.
#[inline]
pub(crate) fn set(info: &'static Info, value: Value) -> (Option<Value>, u64) {
    let slot = slot();
    let known = slot.known_identity();
    if known == 0 {
        return slot.set_first(info, value);
    }
    (slot.replace(info, Some(value)), known)
}

/// Puts `value` back if the current context is the one with the number `context`, and returns
/// what stood there. `Err` hands `value` back.
#[inline]
pub(crate) fn reset(
    info: &'static Info,
    context: u64,
    value: Option<Value>,
) -> Result<Option<Value>, Option<Value>> {
    let slot = slot();
    if context == 0 || context != slot.known_identity() {
        return Err(value);
    }
    Ok(slot.replace(info, value))
}

/// Puts a value into the current context, which is a scope's.
#[inline]
pub(crate) fn put<T: Send + Sync>(var: &'static ContextVar<T>, value: T) {
    let slot = slot();
    let value = Value::new(&slot.pool, var, value);
    slot.put(&var.info, value);
}

/// Puts `value` under `info` into a context that is not current and returns what stood there.
pub(crate) fn replace_in(
    state: &mut State,
    info: &'static Info,
    value: Option<Value>,
) -> Option<Value> {
    let slot = slot();
    slot.make_live();
    state.replace(&slot.pool, info.number_for_set(), value)
}

/// A number that no other context has or had.
#[cold]
fn next_identity() -> u64 {
    use core::sync::atomic::AtomicU64;
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

/// Whether the current context is the thread's own.
#[cfg(feature = "tokio")]
pub(crate) fn is_root() -> bool {
    slot().depth.get() == 0
}

// ---- copying and swapping ----

/// What work that inherits gets.
#[inline]
pub(crate) fn snapshot() -> State {
    // SAFETY: The slot is this thread's alone, and counting a reference up writes no word of it.
    State::from_parts(unsafe { &*slot().inherited.get() }.clone(), None)
}

/// What a scope starts from.
#[inline]
pub(crate) fn copy() -> State {
    // SAFETY: What is peeked at is gone with the expression, which only counts references up.
    unsafe { slot().peek() }.copy()
}

/// The context around the current one, on the stack of the one who entered.
struct Outer {
    inherited: Map,
    /// How many contexts were entered then, this one included.
    depth: usize,
    rest: Option<Box<Rest>>,
}

/// What the scope of a future starts from, with `value` put into it.
pub(crate) fn copy_with(value: Value) -> State {
    let slot = slot();
    let info = value.look().info();
    let number = info.number();
    // SAFETY: What is peeked at is gone with the `if`, which only counts references up.
    let state = unsafe { slot.peek() };
    if state.is_plain() && Map::is_near(number) {
        if let Some(memory) = slot.pool.nodes.pop() {
            let copy = state.inherited().copy_with(memory, number, value);
            return State::from_parts(copy, None);
        }
    }
    let mut state = state.copy();
    drop(replace_in(&mut state, info, Some(value)));
    state
}

/// A context that is current until this is dropped, and then lies in its place again.
pub(crate) struct Entered<'a> {
    /// Empty while the context is in the slot.
    home: &'a mut State,
    outer: ManuallyDrop<Outer>,
    /// It belongs to this thread's slot.
    here: PhantomData<*const ()>,
}

impl<'a> Entered<'a> {
    #[inline]
    pub(crate) fn new(home: &'a mut State) -> Self {
        let outer = slot().enter(home.take());
        Self {
            home,
            outer: ManuallyDrop::new(outer),
            here: PhantomData,
        }
    }
}

impl Entered<'_> {
    /// Stays entered, but drops the context when it is left.
    #[inline]
    pub(crate) fn for_the_last_time(self) -> SyncScope {
        let mut this = ManuallyDrop::new(self);
        SyncScope {
            // SAFETY: `this` is neither used nor dropped behind this.
            outer: ManuallyDrop::new(unsafe { ManuallyDrop::take(&mut this.outer) }),
            here: PhantomData,
        }
    }
}

impl Drop for Entered<'_> {
    // As `SyncScope`'s.
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: `drop` is the last use.
        let outer = ManuallyDrop::new(unsafe { ManuallyDrop::take(&mut self.outer) });
        let inner = slot().leave(outer);
        // The empty state that lay there holds nothing that would have to be dropped.
        mem::forget(mem::replace(self.home, inner));
    }
}

/// A context that is current until this is dropped, and goes then.
///
/// Made by [`enter`](Self::enter) it is a copy of the context around, for functions that are not
/// async: it may not be kept over an `.await`. Generated code holds one under a name that nobody
/// else can write.
#[allow(missing_debug_implementations)] // reachable for generated code alone
#[must_use = "the scope ends when this is dropped"]
pub struct SyncScope {
    outer: ManuallyDrop<Outer>,
    here: PhantomData<*const ()>,
}

impl SyncScope {
    /// Enters a copy of the current context.
    ///
    /// # Cost
    ///
    /// One node from the thread's free list, whatever the number of variables.
    // Inlined always, like `drop`, so that the outer state stays in registers.
    #[inline(always)]
    pub fn enter() -> Self {
        let slot = slot();
        // SAFETY: What is leant on becomes `outer`, which is not touched before `drop` has taken
        // the copy out of the slot, and goes back to it whole. The copy is used through the slot
        // alone. A scope that is forgotten keeps `outer` for ever.
        let inner = unsafe { slot.lean() };
        Self::around(slot, inner)
    }

    /// Enters a copy of the current context in which `var` is set to `value`.
    #[inline(always)]
    pub(crate) fn enter_with<T: Send + Sync>(var: &'static ContextVar<T>, value: T) -> Self {
        let slot = slot();
        let value = Value::new(&slot.pool, var, value);
        // SAFETY: As in `enter`.
        let inner = unsafe { slot.lean_with(&var.info, value) };
        Self::around(slot, inner)
    }

    #[inline(always)]
    fn around(slot: &Slot, inner: State) -> Self {
        Self {
            outer: ManuallyDrop::new(slot.enter(inner)),
            here: PhantomData,
        }
    }
}

impl Drop for SyncScope {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: `drop` is the last use.
        let outer = ManuallyDrop::new(unsafe { ManuallyDrop::take(&mut self.outer) });
        let inner = slot().leave(outer);
        // Last, in the outer context: a value's `Drop` may do what it likes, also to that one.
        discard(inner);
    }
}

// ---- entered by one callback, left by another ----

/// A context that one call makes current and a later one takes back on the same thread: for
/// callbacks that come in pairs, between which nothing of ours is on the stack.
///
/// During the visit the thread keeps the box, so that nobody can reach the context around. A
/// visit ends only when all that began inside it is over: the depth says so of what was entered,
/// `open` of the reads, whose values would else be given back by somebody who does not know them.
/// So visits nest strictly with everything else of this module, or the process is aborted.
#[cfg(all(feature = "tokio", tokio_unstable))]
pub(crate) struct Visit {
    /// Empty during the visit, when the context is in the slot.
    state: State,
    /// There during the visit only.
    around: Option<Around>,
}

#[cfg(all(feature = "tokio", tokio_unstable))]
struct Around {
    outer: ManuallyDrop<Outer>,
    /// The address of the innermost read that was open, to compare with.
    open: usize,
    below: Option<Box<Visit>>,
}

#[cfg(all(feature = "tokio", tokio_unstable))]
impl Visit {
    pub(crate) fn new(state: State) -> Box<Self> {
        Box::new(Self {
            state,
            around: None,
        })
    }

    /// What no other visit has as long as this one exists.
    pub(crate) fn key(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    /// Makes the context current until [`end`](Self::end).
    pub(crate) fn begin(mut self: Box<Self>) {
        let slot = slot();
        let outer = ManuallyDrop::new(slot.enter(self.state.take()));
        let open = slot.open.get().addr();
        VISITS.with(|innermost| {
            self.around = Some(Around {
                outer,
                open,
                below: innermost.take(),
            });
            innermost.set(Some(self));
        });
    }

    /// Ends the visit with this key and hands it back; `None` if this thread has no such visit.
    pub(crate) fn end(key: usize) -> Option<Box<Self>> {
        VISITS.with(|innermost| {
            let mut visit = innermost.take()?;
            if visit.key() != key {
                if visit.is_around(key) {
                    out_of_order();
                }
                innermost.set(Some(visit));
                return None;
            }
            let around = visit.around.take()?;
            let slot = slot();
            if slot.open.get().addr() != around.open {
                out_of_order();
            }
            visit.state = slot.leave(around.outer);
            innermost.set(around.below);
            Some(visit)
        })
    }

    /// Whether the visit with this key is one in which this one began.
    fn is_around(&self, key: usize) -> bool {
        let mut next = &self.around;
        while let Some(below) = next.as_ref().and_then(|around| around.below.as_ref()) {
            if below.key() == key {
                return true;
            }
            next = &below.around;
        }
        false
    }
}

// ---- defaults ----

/// A default being computed, on the stack of the one who computes it.
struct Making {
    info: &'static Info,
    around: *const Making,
}

/// Unlinks a `Making` when its default is there, or has panicked.
struct Unlink<'a>(&'a Slot, &'a Making);

impl Drop for Unlink<'_> {
    fn drop(&mut self) {
        self.0.making.set(self.1.around);
    }
}

/// The declared default of `var`: the first result anybody has computed.
#[inline]
#[track_caller]
pub(crate) fn default_of<T: Send + Sync>(var: &'static ContextVar<T>) -> Option<&'static T> {
    match var.default.made.get() {
        // SAFETY: `make_default` put it there for this variable, and no such reference is ever
        // given back.
        Some(made) => Some(unsafe { made_value(made).get() }),
        None => make_default(var),
    }
}

#[inline]
fn made_value(made: &Made) -> ValuePtr {
    // Relaxed: whoever has the `Made` has seen what happened before it was made.
    let raw = made.0.load(Ordering::Relaxed);
    // SAFETY: `make_default` alone makes one, of such a pointer.
    unsafe { ValuePtr::from_raw(raw) }
}

#[cold]
#[track_caller]
fn make_default<T: Send + Sync>(var: &'static ContextVar<T>) -> Option<&'static T> {
    let make = var.default.make?;
    let value = new_value(var, make_in_empty_context(&var.info, make));
    let made = Made(AtomicPtr::new(value.into_ptr().into_raw()));
    let (kept, late) = var.default.made.keep(made);
    if let Some(late) = late {
        // A thread that lost the race drops its own result, in the context that reads.
        // SAFETY: Nobody else knows of its reference.
        drop(unsafe { made_value(&late).into_value() });
    }
    // SAFETY: As in `default_of`.
    Some(unsafe { made_value(kept).get() })
}

#[track_caller]
fn make_in_empty_context<T>(info: &'static Info, make: fn() -> T) -> T {
    let slot = slot();
    // Declared first, so that what the default has set goes last.
    let mut empty = State::EMPTY;
    let making = Making {
        info,
        around: slot.making.get(),
    };
    refuse_circle(&making);
    slot.making.set(&raw const making);
    let _unlink = Unlink(slot, &making);
    let _entered = Entered::new(&mut empty);
    make()
}

/// Panics if the default that is about to be computed is being computed already.
#[track_caller]
fn refuse_circle(making: &Making) {
    let mut next = making.around;
    while !next.is_null() {
        // SAFETY: It lies on this thread's stack from the moment it is linked until it is
        // unlinked.
        let outer = unsafe { &*next };
        assert!(
            !ptr::eq(outer.info, making.info),
            "the default of context variable `{}` needs itself: computing it read the variable \
             again (declared at {})",
            making.info,
            making.info.location
        );
        next = outer.around;
    }
}

//! The thread's slot: the one place where contexts and references to values go in and out.

use core::cell::{Cell, UnsafeCell};
use core::marker::PhantomData;
use core::mem::{self, ManuallyDrop};
use core::ptr;

use super::init_stack::Makings;
use crate::error::out_of_order;
use crate::raw::context::{Rest, State};
use crate::raw::map::Map;
use crate::raw::pool::Pool;
use crate::raw::value::{OpenReads, Value, ValuePtr};
use crate::var::{ContextVar, Info};

/// How far a thread's slot has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
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
pub(super) struct Slot {
    /// The current context's values.
    inherited: UnsafeCell<Map>,
    /// How many contexts are entered; 0 in the thread's root.
    depth: Cell<usize>,
    /// What else the current context has.
    rest: UnsafeCell<Option<Box<Rest>>>,
    /// The reads that are still open.
    pub(super) reads: OpenReads,
    pub(super) makings: Makings,
    pub(super) phase: Cell<Phase>,
    pub(super) pool: Pool,
}

thread_local! {
    // Without a destructor, see point 6 of the folder's documentation.
    static SLOT: ManuallyDrop<Slot> = const {
        ManuallyDrop::new(Slot {
            inherited: UnsafeCell::new(Map::EMPTY),
            depth: Cell::new(0),
            rest: UnsafeCell::new(None),
            reads: OpenReads::new(),
            makings: Makings::new(),
            phase: Cell::new(Phase::Fresh),
            pool: Pool::new(),
        })
    };
}

/// This thread's slot.
///
/// A reference instead of `LocalKey::with`, whose closures the compiler tends not to inline.
#[inline]
pub(super) fn slot<'a>() -> &'a Slot {
    // SAFETY: The slot has no destructor, so it lives as long as its thread. The reference does
    // not leave the thread, because `Slot` is not `Sync`, and stays on the stacks of this folder.
    SLOT.with(|slot| unsafe { &*ptr::from_ref::<Slot>(slot) })
}

// ---- the words of the current context ----

impl Slot {
    pub(super) fn is_root(&self) -> bool {
        self.depth.get() == 0
    }

    /// The words of the current context, which stay the slot's own.
    ///
    /// # Safety
    ///
    /// What is returned is only looked at, or becomes the slot's again, before anything else of
    /// this file runs.
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
    ///
    /// Meanwhile the slot holds the empty context: an allocator that reads variables may run.
    #[inline]
    fn change<R>(&self, change: impl FnOnce(&mut State, &Pool) -> R) -> R {
        let mut state = self.swap(State::EMPTY);
        let result = change(&mut state, &self.pool);
        drop(self.swap(state));
        result
    }

    /// The number of the current context, 0 if it has none yet.
    #[inline]
    pub(super) fn known_identity(&self) -> u64 {
        // SAFETY: The slot is this thread's alone, and nobody writes it before the expression is
        // over.
        unsafe { &*self.rest.get() }
            .as_ref()
            .map_or(0, |rest| rest.identity())
    }

    /// The number of the current context, which is `new` if it had none.
    pub(super) fn identity(&self, new: u64) -> u64 {
        self.change(|state, _| state.identity(new))
    }

    /// Puts `value`, which is one of this variable, into the current context and hands out what
    /// stood there.
    #[inline]
    pub(super) fn replace(&self, info: &'static Info, value: Option<Value>) -> Option<Value> {
        debug_assert!(value.as_ref().is_none_or(|value| value.is_of(info)));
        self.reads.secure();
        // SAFETY: The slot is this thread's alone, and `try_replace` runs nothing that uses it.
        match unsafe { (*self.inherited.get()).try_replace(info.number(), value) } {
            // SAFETY: Nothing has changed since.
            Ok(displaced) => unsafe { displaced.counted() },
            Err(value) => self.replace_anywhere(info, value),
        }
    }

    /// Puts `value` into the current context. What stood there goes when the slot is whole again.
    #[inline(never)]
    pub(super) fn put(&self, info: &'static Info, value: Value) {
        debug_assert!(value.is_of(info));
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

    /// Empties the thread's own context, if it is current.
    pub(super) fn take_root(&self) -> Option<State> {
        self.reads.secure();
        self.is_root().then(|| self.swap(State::EMPTY))
    }
}

// ---- copying ----

impl Slot {
    /// The values that work may inherit.
    #[inline]
    pub(super) fn copy_inherited(&self) -> Map {
        // SAFETY: The slot is this thread's alone, and counting a reference up writes no word of it.
        unsafe { &*self.inherited.get() }.clone()
    }

    #[inline]
    pub(super) fn copy(&self) -> State {
        // SAFETY: What is peeked at is gone with the expression, which only counts references up.
        unsafe { self.peek() }.copy()
    }

    /// A copy with `value` put into it, if that is of the usual kind; else hands `value` back.
    #[inline]
    pub(super) fn try_copy_with(&self, info: &'static Info, value: Value) -> Result<State, Value> {
        debug_assert!(value.is_of(info));
        let number = info.number();
        // SAFETY: What is peeked at is gone with the function, which only counts references up.
        let state = unsafe { self.peek() };
        if state.is_plain() && Map::is_near(number) {
            if let Some(memory) = self.pool.nodes.pop() {
                let copy = state.inherited().copy_with(memory, number, value);
                return Ok(State::from_parts(copy, None));
            }
        }
        Err(value)
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
        let memory = self.pool.nodes.take();
        // SAFETY: What is peeked at is gone with the next statement.
        let state = unsafe { self.peek() };
        // SAFETY: The caller's promise.
        state.copy_with(unsafe { state.inherited().lean(memory) })
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
}

// ---- entering and leaving ----

/// The context around the current one, on the stack of the one who entered.
///
/// It has nothing to drop: only [`Slot::leave`] and [`Slot::end`] make something of it.
pub(super) struct Outer {
    inherited: ManuallyDrop<Map>,
    /// How many contexts were entered then, this one included.
    depth: usize,
    rest: ManuallyDrop<Option<Box<Rest>>>,
    /// It belongs to this thread's slot.
    here: PhantomData<*const ()>,
}

impl Outer {
    const GONE: Self = Self {
        inherited: ManuallyDrop::new(Map::EMPTY),
        // So deep is nobody: what is gone cannot be left again.
        depth: usize::MAX,
        rest: ManuallyDrop::new(None),
        here: PhantomData,
    };

    /// Moves it out of the place of one who is used up.
    #[inline(always)]
    pub(super) fn take(&mut self) -> Self {
        mem::replace(self, Self::GONE)
    }

    /// The same, for a context that goes when it is left.
    #[inline(always)]
    pub(super) fn take_to_end(&mut self) -> Leant {
        Leant(self.take())
    }
}

/// As [`Outer`], for a current context that goes when it is left, and may lean on this one.
pub(super) struct Leant(Outer);

impl Leant {
    /// As [`Outer::take`].
    #[inline(always)]
    pub(super) fn take(&mut self) -> Self {
        Self(self.0.take())
    }
}

impl Slot {
    /// Makes `state` current until [`leave`](Self::leave).
    #[inline]
    pub(super) fn enter(&self, state: State) -> Outer {
        let depth = self.depth.get() + 1;
        self.depth.set(depth);
        let (inherited, rest) = self.swap(state).into_parts();
        Outer {
            inherited: ManuallyDrop::new(inherited),
            depth,
            rest: ManuallyDrop::new(rest),
            here: PhantomData,
        }
    }

    /// Makes a copy of the current context current until [`end`](Self::end).
    #[inline(always)]
    pub(super) fn enter_copy(&self) -> Leant {
        // SAFETY: What is leant on becomes a `Leant`, which only `end` touches. That takes the copy
        // out of the slot, puts the outer context there whole, and only drops the copy from then
        // on. The copy is used through the slot alone. A `Leant` that is forgotten keeps what it
        // has for ever.
        let inner = unsafe { self.lean() };
        Leant(self.enter(inner))
    }

    /// As [`enter_copy`](Self::enter_copy), with `value` put into the copy.
    #[inline(always)]
    pub(super) fn enter_copy_with(&self, info: &'static Info, value: Value) -> Leant {
        debug_assert!(value.is_of(info));
        // SAFETY: As in `enter_copy`.
        let inner = unsafe { self.lean_with(info, value) };
        Leant(self.enter(inner))
    }

    /// Makes `outer` current again and hands out what was.
    #[inline(always)]
    pub(super) fn leave(&self, outer: Outer) -> State {
        if self.depth.get() != outer.depth {
            out_of_order();
        }
        // A read that began inside is over, unless generated code was misused.
        self.reads.secure();
        self.depth.set(outer.depth - 1);
        let inherited = ManuallyDrop::into_inner(outer.inherited);
        let rest = ManuallyDrop::into_inner(outer.rest);
        self.swap(State::from_parts(inherited, rest))
    }

    /// Makes `outer` current again and drops what was, in the outer context.
    #[inline(always)]
    pub(super) fn end(&self, outer: Leant) {
        discard(self.leave(outer.0));
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

// ---- giving references back ----

/// The one function by which references to values go back.
#[inline]
fn give_back(release: impl FnOnce(&Pool)) {
    let slot = slot();
    slot.reads.secure();
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
    // SAFETY: The pointer was found under the variable's number. The current context holds a
    // reference, and `secure` is called before that is taken away.
    Ok(unsafe { slot.reads.read(value, f) })
}

/// Whether `var` has a value in the current context.
#[inline]
pub(crate) fn is_set(info: &Info) -> bool {
    slot().read(info.number()).is_some()
}

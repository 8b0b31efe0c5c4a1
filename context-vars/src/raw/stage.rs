//! The two stages of work that has a context: active with its context, or done.
//!
//! Neither [`Stage`] nor the types that contain it implement `Drop`. With a `Drop`, everything that the
//! work borrows would have to outlive the wrapper strictly, which plain futures do not require. Instead,
//! two fields whose types do not depend on the work are dropped before and after the work: the first
//! enters the context, and the last leaves it.

use core::future::Future;
use core::mem::{self, ManuallyDrop};
#[cfg(feature = "http")]
use core::ops::ControlFlow;
use core::pin::Pin;
use core::ptr;
use core::task::{self, Poll};

use pin_project_lite::pin_project;

use super::carried::Carried;
use super::context::RawContext;
use super::thread::{self, Entered, EntryOwner, FinalScope, run_in};

pin_project! {
    #[project = StageProjection]
    pub(crate) enum Stage<W, C: Carried> {
        // The fields are dropped in this order.
        Active { home: Home<C>, #[pin] work: W, leave: LeaveOnDrop },
        Done,
    }
}

/// The home of a context whose work is active, and the state that the work carries. When active work is
/// dropped, its home is dropped first and enters both.
///
/// The home is borrowed while the context is entered. Its words are then stale, because the context is in
/// the state of the thread.
// Its drop moves out what it holds. Otherwise, each future would contain code for the drop of fields that
// are empty by then.
pub(crate) struct Home<C: Carried>(ManuallyDrop<Held<C>>);

struct Held<C> {
    context: RawContext,
    carried: C,
}

impl<C: Carried> Drop for Home<C> {
    // Not inlined, because this is part of the drop of each future.
    #[inline(never)]
    fn drop(&mut self) {
        // SAFETY: The home is not used again, since this is its drop.
        let Held { context, carried } = unsafe { ManuallyDrop::take(&mut self.0) };
        carried.enter_for_drop(context);
    }
}

/// A field that leaves the state that [`Home`] entered before the work was dropped, and drops the context.
pub(crate) struct LeaveOnDrop;

impl Drop for LeaveOnDrop {
    #[inline]
    fn drop(&mut self) {
        thread::leave_after_drop();
    }
}

impl<C: Carried> Home<C> {
    /// Runs one step inside the context and the carried state.
    #[inline(always)]
    fn run<R>(&mut self, step: impl FnOnce() -> R) -> R {
        let Held { context, carried } = &mut *self.0;
        run_in(context, || carried.in_scope(step))
    }

    /// Takes out the context and the carried state, so that neither is entered or dropped later.
    #[inline]
    fn into_parts(self) -> (RawContext, C) {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: The home is neither used nor dropped again.
        let Held { context, carried } = unsafe { ManuallyDrop::take(&mut this.0) };
        (context, carried)
    }
}

impl<W, C: Carried> Stage<W, C> {
    #[inline]
    pub(crate) fn new(work: W, context: RawContext, carried: C) -> Self {
        Self::Active {
            home: Home(ManuallyDrop::new(Held { context, carried })),
            work,
            leave: LeaveOnDrop,
        }
    }

    /// Returns the state that active work carries, so that the caller can change it.
    #[cfg(feature = "deadline")]
    pub(crate) fn carried_mut(self: Pin<&mut Self>) -> Option<&mut C> {
        match self.project() {
            StageProjection::Active { home, .. } => Some(&mut home.0.carried),
            StageProjection::Done => None,
        }
    }

    /// Drops work that is ready, in the current context, and returns the state that the work carried.
    /// The caller has taken the work's own context.
    #[cfg(feature = "http")]
    #[inline(always)]
    fn drop_work(self: Pin<&mut Self>) -> C {
        // SAFETY: Nothing is moved out of the reference.
        let stage: *mut Self = unsafe { self.get_unchecked_mut() };
        // SAFETY: The pointer comes from a reference that is borrowed until this function returns.
        let Self::Active { home, work, .. } = (unsafe { &mut *stage }) else {
            return C::NONE;
        };
        let stage = ErasedStage(stage as *mut (), Self::set_done);
        // SAFETY: The pointers come from a reference that is borrowed until this function returns. The caller
        // has taken the context.
        unsafe { drop_ready(&mut home.0.carried, work, stage) }
    }

    /// Overwrites `stage`, which is a `Self`, with [`Done`](Self::Done).
    ///
    /// # Safety
    ///
    /// The pointer is valid for writes, and the fields that are overwritten need no drop.
    unsafe fn set_done(stage: *mut ()) {
        // SAFETY: The requirements are the same.
        unsafe { ptr::write(stage as *mut Self, Self::Done) };
    }

    /// Runs one step of the pinned work inside its context.
    #[inline]
    #[track_caller]
    pub(crate) fn run_pinned<R>(self: Pin<&mut Self>, step: impl FnOnce(Pin<&mut W>) -> R) -> R {
        match self.project() {
            StageProjection::Active { work, home, .. } => home.run(|| step(work)),
            StageProjection::Done => after_completion(),
        }
    }

    /// Runs one step of the pinned work inside its context. If the step breaks, it was the last step. The
    /// work is then dropped immediately, inside the context. `end` gets the carried state and the scope,
    /// which is still entered.
    #[cfg(feature = "http")]
    #[inline]
    #[track_caller]
    pub(crate) fn run_to_break<R, B, E>(
        mut self: Pin<&mut Self>,
        step: impl FnOnce(Pin<&mut W>) -> ControlFlow<B, R>,
        end: impl FnOnce(FinalScope<'_>, C) -> E,
    ) -> ControlFlow<(B, E), R> {
        let StageProjection::Active { work, home, .. } = self.as_mut().project() else {
            after_completion();
        };
        let Held { context, carried } = &mut *home.0;
        let owner = EntryOwner::current();
        // SAFETY: `leave` or `into_scope` uses up the guard, and the scope is dropped here. A panic drops
        // them.
        let entered = unsafe { Entered::new(&owner, context) };
        match carried.in_scope(|| step(work)) {
            ControlFlow::Continue(result) => {
                entered.leave();
                ControlFlow::Continue(result)
            }
            ControlFlow::Break(result) => {
                let scope = entered.into_scope();
                // Declared after the scope, so that it is dropped inside the context if the drop of the
                // work panics.
                let result = result;
                let carried = self.drop_work();
                ControlFlow::Break((result, end(scope, carried)))
            }
        }
    }

    /// Runs one step of work that was never pinned.
    #[inline]
    #[track_caller]
    pub(crate) fn run_mut<R>(&mut self, step: impl FnOnce(&mut W) -> R) -> R {
        match self {
            Self::Active { work, home, .. } => home.run(|| step(work)),
            Self::Done => after_completion(),
        }
    }

    /// Moves the work to `step` inside its context, which is dropped afterwards.
    #[inline]
    #[track_caller]
    pub(crate) fn run_once<R>(self, step: impl FnOnce(W) -> R) -> R {
        match self {
            Self::Active { work, home, leave } => {
                mem::forget(leave);
                let (mut context, carried) = home.into_parts();
                // The carried state is moved in, so that it is dropped inside the context, too.
                run_in(&mut context, move || carried.in_scope(|| step(work)))
            }
            Self::Done => after_completion(),
        }
    }

    /// Converts the work into other work inside its context.
    #[inline]
    #[track_caller]
    pub(crate) fn map<V>(self, step: impl FnOnce(W) -> V) -> Stage<V, C> {
        match self {
            Self::Active { work, home, leave } => {
                mem::forget(leave);
                let (mut context, carried) = home.into_parts();
                let work = run_in(&mut context, || carried.in_scope(|| step(work)));
                Stage::new(work, context, carried)
            }
            Self::Done => after_completion(),
        }
    }

    /// Runs `step` with the work in a copy of its context, which is dropped afterwards. Returns
    /// `None` if the work is done.
    ///
    /// The copy is necessary because several threads may call this at once.
    #[inline]
    pub(crate) fn run_ref<R>(&self, step: impl FnOnce(&W) -> R) -> Option<R> {
        let Self::Active { work, home, .. } = self else {
            return None;
        };
        let copy = home.0.context.clone();
        let owner = EntryOwner::current();
        // SAFETY: The scope is dropped at the end of this function, before `owner`.
        let scope = unsafe { FinalScope::new(&owner, copy) };
        let result = home.0.carried.in_scope(|| step(work));
        // Dropped before the return value is written, because rustc would not drop the return value if
        // the drop of a value in the scope panics.
        drop(scope);
        Some(result)
    }

    /// Returns `true` if the work is done.
    #[cfg(feature = "http")]
    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }

    /// Returns the work, to be read outside of its context, or `None` once the work is done.
    #[cfg(feature = "stream")]
    pub(crate) fn work(&self) -> Option<&W> {
        match self {
            Self::Active { work, .. } => Some(work),
            Self::Done => None,
        }
    }
}

impl<W: Clone, C: Carried + Clone> Clone for Stage<W, C> {
    /// Clones the work inside the copy of its context that the clone gets.
    ///
    /// The copy is necessary because several threads may clone the work at once.
    fn clone(&self) -> Self {
        match self {
            Self::Active { work, home, .. } => {
                let Held { context, carried } = &*home.0;
                let mut context = context.clone();
                let clone = || carried.in_scope(|| work.clone());
                let work = run_in(&mut context, clone);
                Self::new(work, context, carried.clone())
            }
            Self::Done => Self::Done,
        }
    }
}

impl<W: Future, C: Carried> Stage<W, C> {
    /// Polls the work inside its context. Work that is ready is dropped immediately, inside the
    /// context.
    // Always inlined, like the polls that call it, because saving the registers of another frame would
    // take as long as the swap. A debug build compiles this for each future, so what does not need the
    // future's type is in `poll_erased`.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<W::Output> {
        // SAFETY: Nothing is moved out of the reference.
        let stage: *mut Self = unsafe { self.get_unchecked_mut() };
        // SAFETY: The pointer comes from a reference that is borrowed until this function returns.
        let Self::Active { home, work, .. } = (unsafe { &mut *stage }) else {
            after_completion();
        };
        let stage = ErasedStage(stage as *mut (), Self::set_done);
        // SAFETY: The pointers come from a reference that is borrowed until this function returns.
        unsafe { poll_erased(home, work, stage, cx) }
    }
}

/// Polls `work` inside the context of `home`, where it is dropped when it is ready.
///
/// The fields are passed as pointers, because the stage to which they belong is overwritten here.
///
/// # Safety
///
/// `stage` is active, pinned and valid for writes, and has the `set_done` of its own type. `home` and `work`
/// point to its fields, and nothing else uses them until this returns. If the work is ready, nothing uses them
/// afterwards.
#[cfg_attr(not(debug_assertions), inline(always))]
unsafe fn poll_erased<O, C: Carried>(
    home: *mut Home<C>,
    work: *mut (dyn Future<Output = O> + '_),
    stage: ErasedStage,
    cx: &mut task::Context<'_>,
) -> Poll<O> {
    // SAFETY: The pointer is valid.
    let Held { context, carried } = &mut *unsafe { &mut *home }.0;
    carried.prepare(context);
    let owner = EntryOwner::current();
    // SAFETY: `leave` or `into_scope` uses up the guard, and the scope is dropped here. A panic drops
    // them.
    let entered = unsafe { Entered::new(&owner, context) };
    // SAFETY: The pointer is valid, and the work is pinned like the stage.
    match carried.in_scope(|| unsafe { Pin::new_unchecked(&mut *work) }.poll(cx)) {
        Poll::Pending => {
            entered.leave();
            Poll::Pending
        }
        Poll::Ready(output) => {
            let scope = entered.into_scope();
            // Declared after the scope, so that it is dropped inside the context if the drop of the
            // work panics.
            let output = output;
            // SAFETY: `entered` has taken the context. The other requirements are the same.
            drop(unsafe { drop_ready(carried, work, stage) });
            // Dropped before the return value is written, because rustc would not drop the return value
            // if the drop of a value in the scope panics.
            drop(scope);
            Poll::Ready(output)
        }
    }
}

/// A stage whose types are erased, and its [`Stage::set_done`].
struct ErasedStage(*mut (), unsafe fn(*mut ()));

/// Drops work that is ready, in the current context, and returns the state that the work carried.
///
/// # Safety
///
/// `stage` is active, pinned and valid for writes, and has the `set_done` of its own type. The caller has taken
/// the context of its home. `carried` and `work` point to its fields, and nothing uses them afterwards.
#[inline(always)]
unsafe fn drop_ready<W: ?Sized, C: Carried>(
    carried: *mut C,
    work: *mut W,
    stage: ErasedStage,
) -> C {
    let _stage = SetDone(stage);
    // SAFETY: The pointer is valid.
    let carried = unsafe { &mut *carried }.take_ready();
    let work = DropInPlace(work);
    carried.in_scope(move || drop(work));
    carried
}

/// A guard that overwrites active work with [`Stage::Done`], even if the drop of the work panics.
struct SetDone(ErasedStage);

impl Drop for SetDone {
    #[inline(always)]
    fn drop(&mut self) {
        let ErasedStage(stage, set_done) = self.0;
        // SAFETY: `drop_ready`, which alone creates this, has a stage that is valid for writes. The
        // overwritten fields need no drop: the work was dropped, the caller took the home's context,
        // `drop_ready` took the carried state, and `LeaveOnDrop` has nothing to leave.
        unsafe { set_done(stage) };
    }
}

/// A guard that drops the work in place, even if entering the carried state panics.
struct DropInPlace<W: ?Sized>(*mut W);

impl<W: ?Sized> Drop for DropInPlace<W> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: `drop_ready`, which alone creates this, has the work of a stage that it overwrites
        // afterwards, before any other code can see it. It is dropped where it is, as pinning asks.
        unsafe { ptr::drop_in_place(self.0) };
    }
}

#[cold]
#[track_caller]
pub(crate) fn after_completion() -> ! {
    panic!("work in a context was polled after it had completed");
}

//! What generated code calls. Nothing here is for users, and nothing of it is stable.

#![allow(missing_docs, missing_debug_implementations)] // reachable for generated code alone

use core::any::Any;
use core::fmt::{self, Debug, Display};
use core::marker::PhantomData;
use std::boxed::Box;
use std::pin::Pin;

use crate::context::Context;
use crate::in_context::InContext;
use crate::raw::companion::{CompanionGuard, CompanionState};
use crate::raw::key::PrintFn;
use crate::scope::Scope;
use crate::var::ContextVar;

pub mod by_type;

pub use crate::raw::key::Declaration;
pub use crate::raw::thread::SyncScope;

// ---- `context_var!` ----

/// Declares a variable at the place of the call.
#[track_caller]
#[must_use]
pub const fn variable<T: Shareable>(
    declaration: Declaration,
    default: Option<fn() -> T>,
) -> ContextVar<T> {
    ContextVar::declare(declaration, default)
}

/// What a variable may hold.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the type of a context variable: a context moves between threads, so its values must be `Send` and `Sync`",
    label = "is not `Send`, or not `Sync`, or not `'static`",
    note = "use `Arc<T>` instead of `Rc<T>`, and `Arc<Mutex<T>>` instead of `Cell<T>` or `RefCell<T>`"
)]
pub trait Shareable: Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> Shareable for T {}

/// Stops the compiler with `message` unless the marker that the module has is that of this call.
#[track_caller]
pub const fn assert_in_module(here: (u32, u32, u32), in_module: (u32, u32, u32), message: &str) {
    if here.0 != in_module.0 || here.1 != in_module.1 || here.2 != in_module.2 {
        panic!("{}", message);
    }
}

/// How a `T` is printed: `Show::<T>::DEBUG` is `None` if it cannot be.
///
/// The constants of the type itself win over those of the trait, where their bounds hold.
pub struct Show<T>(PhantomData<fn(T)>);

impl<T: Debug + 'static> Show<T> {
    pub const DEBUG: Option<PrintFn> = Some(debug::<T>);
}

impl<T: Display + 'static> Show<T> {
    pub const DISPLAY: Option<PrintFn> = Some(display::<T>);
}

/// What `Show` says of all other types.
pub trait NoShow {
    const DEBUG: Option<PrintFn> = None;
    const DISPLAY: Option<PrintFn> = None;
}

impl<T> NoShow for Show<T> {}

fn debug<T: Debug + 'static>(value: &dyn Any, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    value
        .downcast_ref::<T>()
        .map_or(Ok(()), |value| value.fmt(f))
}

fn display<T: Display + 'static>(value: &dyn Any, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    value
        .downcast_ref::<T>()
        .map_or(Ok(()), |value| value.fmt(f))
}

// ---- `#[with_context]` ----

/// A value that was computed, to be set when all of its scope are.
///
/// Generated code writes the struct and calls no function, because rustc would explain a value of
/// another type with the signature of that function.
pub struct Computed<T: 'static> {
    pub var: &'static ContextVar<T>,
    pub value: T,
}

impl<T: Send + Sync> Computed<T> {
    /// Sets the variable in the scope that was just entered.
    #[inline]
    #[track_caller]
    pub fn set(self) {
        self.var.set_in_scope(self.value);
    }
}

/// The scope of a function that is not async and has its body in a closure.
#[inline]
pub fn sync_scope<R>(f: impl FnOnce() -> R) -> R {
    let _scope = SyncScope::enter();
    f()
}

/// The scope of an `async fn`.
#[inline]
pub fn scope<F: Future>(future: F) -> Scope<F> {
    Scope::isolating(future)
}

/// The scope of a function that returns a future.
#[inline]
pub fn scope_call<F: Future>(f: impl FnOnce() -> F) -> Scope<F> {
    Scope::call(f)
}

/// The scope of a function that returns a `Pin<Box<dyn Future>>`.
#[inline]
pub fn scope_call_pinned<F: Future>(f: impl FnOnce() -> F) -> Pin<Box<Scope<F>>> {
    Box::pin(scope_call(f))
}

/// The scope of a function that returns a `Box<dyn Future + Unpin>`.
#[inline]
pub fn scope_call_boxed<F: Future>(f: impl FnOnce() -> F) -> Box<Scope<F>> {
    Box::new(scope_call(f))
}

// ---- `#[inherit_context]` ----

/// The context of a closure or an `async` block, taken where that stands.
#[derive(Clone)]
pub struct Inherited {
    context: Context,
    companion: CompanionState,
}

impl Inherited {
    /// A copy of the current context.
    #[inline]
    #[must_use]
    pub fn current() -> Self {
        Self {
            context: Context::current(),
            companion: CompanionState::capture(),
        }
    }

    /// An empty context, for what is detached.
    #[inline]
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            context: Context::new(),
            companion: CompanionState::NONE,
        }
    }

    /// A copy for one of many calls.
    #[inline]
    #[must_use]
    pub fn again(&self) -> Self {
        self.clone()
    }

    /// The same for one call alone.
    #[inline]
    #[must_use]
    pub fn once(self) -> WriteMoveBeforeTheClosureToCallItMoreThanOnce {
        WriteMoveBeforeTheClosureToCallItMoreThanOnce(self)
    }

    /// Makes the context current until what is returned is dropped.
    #[inline]
    pub fn enter(&mut self) -> EnteredClosure {
        let scope = SyncScope::of(self.context.raw.take());
        let companion = self.companion.enter();
        EnteredClosure { companion, scope }
    }

    /// Calls `f` in a copy of the context.
    #[inline]
    fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        self.context.clone().run(|| self.companion.in_scope(f))
    }

    /// Lets a future run in the context.
    #[inline]
    pub fn future<F: Future>(self, future: F) -> InContext<F> {
        InContext::with_companion(future, self.context, self.companion)
    }
}

/// The context of a closure without `move`.
///
/// Such a closure can own it only by using it up. Where one is needed that can be called again,
/// rustc says that it cannot move out of a value of this type: its name is what to do.
pub struct WriteMoveBeforeTheClosureToCallItMoreThanOnce(Inherited);

impl WriteMoveBeforeTheClosureToCallItMoreThanOnce {
    #[inline]
    #[must_use]
    pub fn again(self) -> Inherited {
        self.0
    }
}

/// Leaves the context of a closure.
#[must_use = "the context is left when this is dropped"]
#[allow(dead_code)] // held, in this order: what was entered last is left first
pub struct EnteredClosure {
    companion: CompanionGuard,
    scope: SyncScope,
}

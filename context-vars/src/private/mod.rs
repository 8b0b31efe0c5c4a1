//! The functions and types that generated code uses. They are not for users and not stable.

#![allow(missing_docs, missing_debug_implementations)] // used by generated code only

use std::boxed::Box;
use std::pin::Pin;

use crate::context::Context;
use crate::in_context::InContext;
use crate::raw::companion::{CompanionGuard, CompanionState};
use crate::scope::Scope;
use crate::var::ContextVar;

pub mod by_type;
pub mod declared;

pub use self::declared::Declared;
#[doc(hidden)]
pub use crate::__declared as declared;
pub use crate::raw::thread::{SyncScope, set_all, set_one};
pub use crate::raw::value::ScopeValue;
/// Wraps the body of an `async fn` in a scope.
pub use crate::scope::isolating as scope;

// ---- `context_var!` ----

/// Creates a variable whose declaration is located at the caller.
///
/// Stops the compilation unless the declaration is in a module. The check is part of [`declared!`], and
/// its failure is reported here, so that rustc underlines the name of the variable.
#[track_caller]
#[must_use]
pub const fn variable<T: Shareable>(
    declared: Declared,
    default: Option<fn() -> T>,
) -> ContextVar<T> {
    assert!(
        declared.in_module,
        "context variables must be declared at module level\n\
         help: move this `context_var!` out of the function or block"
    );
    ContextVar::declare(declared.declaration, default)
}

/// The types that a variable can have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the type of a context variable: a context moves between threads, so its values must be `Send` and `Sync`",
    label = "is not `Send`, or not `Sync`, or not `'static`",
    note = "use `Arc<T>` instead of `Rc<T>`, and `Arc<Mutex<T>>` instead of `Cell<T>` or `RefCell<T>`"
)]
pub trait Shareable: Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> Shareable for T {}

// ---- `#[with_context]` ----

/// A computed value, to be set once all values of its scope are computed.
///
/// Generated code writes this struct instead of calling a function, because rustc would explain a
/// value of the wrong type with the signature of that function.
pub struct Computed<T: 'static> {
    pub var: &'static ContextVar<T>,
    pub value: T,
}

impl<T: Send + Sync> Computed<T> {
    /// Prepares the value for [`set_all`] or [`set_one`].
    #[inline]
    pub fn prepare(self) -> ScopeValue {
        self.var.scope_value(self.value)
    }

    /// Sets the only variable of a scope.
    // Not inlined, because each annotated function would contain the code that allocates the value's block.
    #[inline(never)]
    pub fn set(self) {
        set_one(self.prepare());
    }
}

/// Gives an `async` block the type of its result. Generated code calls it in a branch that is never taken.
#[cold]
pub fn never<T>() -> T {
    unreachable!("generated code calls this only in a branch that is never taken");
}

/// Runs `f`, the body of a function that is not async, in a scope.
#[inline]
pub fn sync_scope<R>(f: impl FnOnce() -> R) -> R {
    let _scope = SyncScope::enter();
    f()
}

/// Wraps the body of a function that returns a future in a scope.
#[inline]
pub fn scope_call<F: Future>(f: impl FnOnce() -> F) -> Scope<F> {
    Scope::call(f)
}

/// Wraps the body of a function that returns a `Pin<Box<dyn Future>>` in a scope.
#[inline]
pub fn scope_call_pinned<F: Future>(f: impl FnOnce() -> F) -> Pin<Box<Scope<F>>> {
    Box::pin(scope_call(f))
}

/// Wraps the body of a function that returns a `Box<dyn Future + Unpin>` in a scope.
#[inline]
pub fn scope_call_boxed<F: Future>(f: impl FnOnce() -> F) -> Box<Scope<F>> {
    Box::new(scope_call(f))
}

// ---- `#[inherit_context]` ----

/// The context of a closure or an `async` block, captured where the closure or block is created.
#[derive(Clone)]
pub struct Inherited {
    context: Context,
    companion: CompanionState,
}

impl Inherited {
    /// Returns a copy of the current context.
    #[inline]
    #[must_use]
    pub fn current() -> Self {
        Self {
            context: Context::current(),
            companion: CompanionState::capture(),
        }
    }

    /// Returns an empty context, for detached work.
    #[inline]
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            context: Context::new(),
            companion: CompanionState::NONE,
        }
    }

    /// Returns a copy for one of many calls.
    #[inline]
    #[must_use]
    pub fn again(&self) -> Self {
        self.clone()
    }

    /// Returns the context itself, for a closure that is called only once.
    #[inline]
    #[must_use]
    pub fn once(self) -> WriteMoveBeforeTheClosureToCallItMoreThanOnce {
        WriteMoveBeforeTheClosureToCallItMoreThanOnce(self)
    }

    /// Makes the context current until the returned guard is dropped.
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

    /// Wraps a future so that it runs in the context.
    #[inline]
    pub fn future<F: Future>(self, future: F) -> InContext<F> {
        InContext::with_companion(future, self.context, self.companion)
    }
}

/// The context of a closure without `move`.
///
/// Such a closure can own its context only if it consumes the context. If the closure must be callable
/// again, rustc reports that it cannot move out of a value of this type. The name of the type then
/// shows the user how to correct that.
pub struct WriteMoveBeforeTheClosureToCallItMoreThanOnce(Inherited);

impl WriteMoveBeforeTheClosureToCallItMoreThanOnce {
    #[inline]
    #[must_use]
    pub fn again(self) -> Inherited {
        self.0
    }
}

/// A guard that exits the context of a closure when it is dropped.
#[must_use = "the context is left when this is dropped"]
// The fields are never read. Their order matters, because the guard that was entered last must be
// dropped first.
#[allow(dead_code)]
pub struct EnteredClosure {
    companion: CompanionGuard,
    scope: SyncScope,
}

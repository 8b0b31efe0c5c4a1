//! What generated code calls. Nothing here is for users, and nothing of it is stable.

#![allow(missing_docs, missing_debug_implementations)] // reachable for generated code alone

use core::any::Any;
use core::fmt::{self, Debug, Display};
use core::marker::PhantomData;
use std::boxed::Box;
use std::pin::Pin;

use crate::beside::{self, Beside};
use crate::context::Context;
use crate::current::Entered;
use crate::future::{InContext, Scope};
use crate::var::{ContextVar, ShowFn};

pub use crate::current::SyncScope;
pub use crate::var::Declaration;

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
    label = "is not `Send`, `Sync` and `'static`",
    note = "put what changes into an `Arc<Mutex<_>>`, and what is counted by an `Rc` into an `Arc`"
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
    pub const DEBUG: Option<ShowFn> = Some(debug::<T>);
}

impl<T: Display + 'static> Show<T> {
    pub const DISPLAY: Option<ShowFn> = Some(display::<T>);
}

/// What `Show` says of all other types.
pub trait NoShow {
    const DEBUG: Option<ShowFn> = None;
    const DISPLAY: Option<ShowFn> = None;
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
pub struct Computed<T: 'static> {
    var: &'static ContextVar<T>,
    value: T,
}

/// Takes the value that `var` shall have.
#[inline]
pub fn value<T>(var: &'static ContextVar<T>, value: T) -> Computed<T> {
    Computed { var, value }
}

impl<T: Send + Sync> Computed<T> {
    /// Sets the variable in the scope that was just entered.
    #[inline]
    #[track_caller]
    pub fn set(self) {
        self.var.set_in_scope(self.value);
    }
}

/// The scope of an `async fn`.
#[inline]
pub fn scope<F: Future>(future: F) -> Scope<F> {
    Scope::isolating(future)
}

/// The scope of a function that returns a future.
#[inline]
pub fn scope_call<F: Future>(f: impl FnOnce() -> F) -> InContext<F> {
    crate::future::scope_call(f)
}

/// The scope of a function that returns a `Pin<Box<dyn Future>>`.
#[inline]
pub fn scope_call_pinned<F: Future>(f: impl FnOnce() -> F) -> Pin<Box<InContext<F>>> {
    Box::pin(scope_call(f))
}

/// The scope of a function that returns a `Box<dyn Future + Unpin>`.
#[inline]
pub fn scope_call_boxed<F: Future>(f: impl FnOnce() -> F) -> Box<InContext<F>> {
    Box::new(scope_call(f))
}

// ---- `#[inherit_context]` ----

/// The context of a closure or an `async` block, taken where that stands.
#[derive(Clone)]
pub struct Inherited {
    context: Context,
    beside: Beside,
}

impl Inherited {
    /// A copy of the current context.
    #[inline]
    #[must_use]
    pub fn current() -> Self {
        Self {
            context: Context::current(),
            beside: Beside::take(),
        }
    }

    /// An empty context, for what is detached.
    #[inline]
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            context: Context::new(),
            beside: Beside::NOTHING,
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
    pub fn enter(&mut self) -> Inside<'_> {
        let entered = Entered::new(&mut self.context.state);
        let beside = self.beside.enter();
        Inside { beside, entered }
    }

    /// Calls `f` in a copy of the context.
    #[inline]
    fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        self.context.clone().run(|| self.beside.around(f))
    }

    /// Lets a future run in the context.
    #[inline]
    pub fn future<F: Future>(self, future: F) -> InContext<F> {
        InContext::beside(future, self.context, self.beside)
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
pub struct Inside<'a> {
    beside: beside::Inside<'a>,
    entered: Entered<'a>,
}

pub mod by_type {
    //! Wraps what a spawn call is given by its type, where its form does not show what it is.
    //!
    //! `(&&&&&&&&&&&&&Probe::<_, true>(&work)).kind().wrap(work)` calls the method `kind` of the first
    //! trait below that has one for the work's type: a method call looks at its receiver with all
    //! references first and takes them away one by one. What it returns says how to wrap, and
    //! holds nothing. `true` asks for what can be called again, too; see `Reuse` in the macros.

    use super::{Box, InContext, Inherited, PhantomData, Pin};
    use crate::spawn::{inherit, inherit_with};

    /// Asks how to wrap a `T`.
    pub struct Probe<'a, T, const REUSED: bool>(pub &'a T);

    /// How to wrap a `T`.
    pub struct Kind<How, T: ?Sized>(PhantomData<How>, PhantomData<fn(&T)>);

    /// Defines a trait whose only method answers with `Kind<$How, $Work>`.
    ///
    /// The argument of a function value is the trait's parameter, so that it can be inferred.
    macro_rules! answer {
        (
            $Trait:ident $(<$A:ident>)? $How:ident:
            impl[$($generics:tt)*] $Probe:ty => $Work:ty $(where $bounds:tt: $($bound:tt)*)?
        ) => {
            pub struct $How;
            pub trait $Trait $(<$A: ?Sized>)? {
                type Work: ?Sized;
                #[inline]
                fn kind(&self) -> Kind<$How, Self::Work> {
                    Kind(PhantomData, PhantomData)
                }
            }
            impl<$($generics)*> $Trait $(<$A>)? for $Probe $(where $bounds: $($bound)*)? {
                type Work = $Work;
            }
        };
    }

    answer! { Lent AsLent: impl[T: ?Sized, const B: bool] &&&&&&&&&&&&Probe<'_, &mut T, B> => T }
    answer! { Boxed AsBoxed: impl[T: BoxedWork, const B: bool] &&&&&&&&&&&Probe<'_, T, B> => T }
    answer! { PinnedBox AsPinnedBox:
    impl[T: Future, const B: bool] &&&&&&&&&&Probe<'_, Pin<Box<T>>, B> => T }
    answer! { BoxedFn AsBoxedFn:
    impl[T, R] &&&&&&&&&Probe<'_, Box<T>, true> => T where T: Fn() -> R }
    answer! { BoxedOnce AsBoxedOnce:
    impl[T, R, const B: bool] &&&&&&&&Probe<'_, Box<T>, B> => T where T: FnOnce() -> R }
    answer! { Awaited AsFuture: impl[T: Future, const B: bool] &&&&&&&Probe<'_, T, B> => T }
    answer! { Called AsFn: impl[T, R] &&&&&&Probe<'_, T, true> => T where T: Fn() -> R }
    answer! { CalledWithRef<A> AsFnOfRef:
    impl[T, A: ?Sized, R] &&&&&Probe<'_, T, true> => T where T: Fn(&A) -> R }
    answer! { CalledWith<A> AsFnOf: impl[T, A, R] &&&&Probe<'_, T, true> => T where T: Fn(A) -> R }
    answer! { CalledOnce AsFnOnce:
    impl[T, R, const B: bool] &&&Probe<'_, T, B> => T where T: FnOnce() -> R }
    answer! { CalledOnceWithRef<A> AsFnOnceOfRef:
    impl[T, A: ?Sized, R, const B: bool] &&Probe<'_, T, B> => T where T: FnOnce(&A) -> R }
    answer! { CalledOnceWith<A> AsFnOnceOf:
    impl[T, A, R, const B: bool] &Probe<'_, T, B> => T where T: FnOnce(A) -> R }
    answer! { Other AsItIs: impl[T, const B: bool] Probe<'_, T, B> => T }

    pub mod answers {
        //! The traits, without names that could hide one of the user's.

        pub use super::{
            Awaited as _, Boxed as _, BoxedFn as _, BoxedOnce as _, Called as _, CalledOnce as _,
            CalledOnceWith as _, CalledOnceWithRef as _, CalledWith as _, CalledWithRef as _,
            Lent as _, Other as _, PinnedBox as _,
        };
    }

    impl<T: ?Sized> Kind<AsLent, T> {
        /// Its own case, because only a parameter that is a `&mut` is lent to.
        #[inline]
        pub fn wrap(self, other: &mut T) -> &mut T {
            other
        }
    }

    impl<T: BoxedWork> Kind<AsBoxed, T> {
        #[inline]
        pub fn wrap(self, work: T) -> T {
            work.inherit()
        }
    }

    impl<T: Future> Kind<AsPinnedBox, T> {
        /// Into a box again: where one of a `dyn Future` is expected, it still becomes that.
        #[inline]
        pub fn wrap(self, work: Pin<Box<T>>) -> Pin<Box<InContext<Pin<Box<T>>>>> {
            Box::pin(Inherited::current().future(work))
        }
    }

    impl<T> Kind<AsBoxedFn, T> {
        #[inline]
        pub fn wrap<R>(self, work: Box<T>) -> Box<impl Fn() -> R>
        where
            T: Fn() -> R,
        {
            let context = Inherited::current();
            Box::new(move || context.run(&*work))
        }
    }

    impl<T> Kind<AsBoxedOnce, T> {
        #[inline]
        #[allow(clippy::boxed_local)] // a box comes in, so that one goes out
        pub fn wrap<R>(self, work: Box<T>) -> Box<impl FnOnce() -> R>
        where
            T: FnOnce() -> R,
        {
            Box::new(inherit(*work))
        }
    }

    impl<T: Future> Kind<AsFuture, T> {
        #[inline]
        pub fn wrap(self, work: T) -> InContext<T> {
            Inherited::current().future(work)
        }
    }

    impl<T> Kind<AsFn, T> {
        #[inline]
        pub fn wrap<R>(self, work: T) -> impl Fn() -> R
        where
            T: Fn() -> R,
        {
            let context = Inherited::current();
            move || context.run(&work)
        }
    }

    impl<T> Kind<AsFnOfRef, T> {
        #[inline]
        pub fn wrap<A: ?Sized, R>(self, work: T) -> impl Fn(&A) -> R
        where
            T: Fn(&A) -> R,
        {
            let context = Inherited::current();
            move |argument: &A| context.run(|| work(argument))
        }
    }

    impl<T> Kind<AsFnOf, T> {
        #[inline]
        pub fn wrap<A, R>(self, work: T) -> impl Fn(A) -> R
        where
            T: Fn(A) -> R,
        {
            crate::spawn::inherit_fn(work)
        }
    }

    impl<T> Kind<AsFnOnce, T> {
        #[inline]
        pub fn wrap<R>(self, work: T) -> impl FnOnce() -> R
        where
            T: FnOnce() -> R,
        {
            inherit(work)
        }
    }

    impl<T> Kind<AsFnOnceOfRef, T> {
        #[inline]
        pub fn wrap<A: ?Sized, R>(self, work: T) -> impl FnOnce(&A) -> R
        where
            T: FnOnce(&A) -> R,
        {
            let work = InContext::inherit(work);
            move |argument: &A| work.run_once(|work| work(argument))
        }
    }

    impl<T> Kind<AsFnOnceOf, T> {
        #[inline]
        pub fn wrap<A, R>(self, work: T) -> impl FnOnce(A) -> R
        where
            T: FnOnce(A) -> R,
        {
            inherit_with(work)
        }
    }

    impl<T> Kind<AsItIs, T> {
        #[inline]
        pub fn wrap(self, other: T) -> T {
            other
        }
    }

    /// Boxes of work, which stay boxes of the same type.
    pub trait BoxedWork {
        #[must_use]
        fn inherit(self) -> Self;
    }

    macro_rules! boxed_work {
        ($($($auto:ident)*;)*) => {$(
            impl<'a, R: 'a> BoxedWork for Box<dyn FnOnce() -> R $(+ $auto)* + 'a> {
                fn inherit(self) -> Self {
                    Box::new(inherit(self))
                }
            }

            impl<'a, R: 'a> BoxedWork for Box<dyn FnMut() -> R $(+ $auto)* + 'a> {
                fn inherit(mut self) -> Self {
                    let context = Inherited::current();
                    Box::new(move || context.run(&mut self))
                }
            }

            impl<'a, R: 'a> BoxedWork for Box<dyn Fn() -> R $(+ $auto)* + 'a> {
                fn inherit(self) -> Self {
                    let context = Inherited::current();
                    Box::new(move || context.run(&self))
                }
            }

            impl<'a, A: 'a, R: 'a> BoxedWork for Box<dyn FnOnce(A) -> R $(+ $auto)* + 'a> {
                fn inherit(self) -> Self {
                    Box::new(inherit_with(self))
                }
            }

            impl<'a, A: 'a, R: 'a> BoxedWork for Box<dyn FnMut(A) -> R $(+ $auto)* + 'a> {
                fn inherit(mut self) -> Self {
                    let context = Inherited::current();
                    Box::new(move |argument| context.run(|| self(argument)))
                }
            }

            impl<'a, A: 'a, R: 'a> BoxedWork for Box<dyn Fn(A) -> R $(+ $auto)* + 'a> {
                fn inherit(self) -> Self {
                    Box::new(crate::spawn::inherit_fn(self))
                }
            }

            impl<'a, R: 'a> BoxedWork for Pin<Box<dyn Future<Output = R> $(+ $auto)* + 'a>> {
                fn inherit(self) -> Self {
                    Box::pin(Inherited::current().future(self))
                }
            }
        )*};
    }

    boxed_work! {
        ;
        Send;
        Sync;
        Send Sync;
    }
}

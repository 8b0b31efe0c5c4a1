//! Wraps what a spawn call is given by its type, where its form does not show what it is.
//!
//! `(&&&&&&&&&&&&&Probe::<_, true>(&work)).kind().wrap(work)` calls the method `kind` of the first
//! trait below that has one for the work's type: a method call looks at its receiver with all
//! references first and takes them away one by one. What it returns says how to wrap, and
//! holds nothing. `true` asks for what can be called again, too; see `Reuse` in the macros.

use core::marker::PhantomData;
use core::pin::Pin;
use std::boxed::Box;

use crate::__private::Inherited;
use crate::in_context::{ContextExt, InContext};
use crate::inherit::{inherit, inherit_with};

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
        crate::inherit::inherit_fn(work)
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
        let work = work.inherit_context();
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
                Box::new(crate::inherit::inherit_fn(self))
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

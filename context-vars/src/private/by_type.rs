//! Wraps what a spawn call is given by its type, where its form does not show what it is.
//!
//! ```text
//! let tag = if false { (&&&&&&&&Probe(&work)).__context_vars_tag() } else { Tag::new() };
//! let (inherited, mut call, rest) = tag.split(work);
//! tag.join(move || { /* enter a copy of `inherited` */ call() }, rest)
//! ```
//!
//! The method is that of the first trait below that is implemented for the work's type: a method
//! call tries its receiver with all references first and takes them away one by one. The tag that
//! it returns has no content, only a type. So the probe never runs, and `work` is evaluated once.
//!
//! Where the work is called, generated code calls it, in a closure that is written at the spawn
//! call. Rustc infers at the end of a function whether the closures in it are `Fn`, `FnMut` or
//! `FnOnce`, and a closure that calls another one becomes what that one is. A bound that asked for
//! `Fn` earlier would make the work `Fn`, which is an error if it is not.

use core::marker::PhantomData;
use core::pin::Pin;
use std::boxed::Box;

use crate::__private::Inherited;
use crate::in_context::InContext;
use crate::inherit::{inherit, inherit_with};

/// Asks what a `T` is.
pub struct Probe<'a, T>(pub &'a T);

/// The answer: a `T` is wrapped in the way `How`.
pub struct Tag<How, T: ?Sized>(PhantomData<How>, PhantomData<fn(&T)>);

impl<How, T: ?Sized> Tag<How, T> {
    #[inline]
    #[must_use]
    #[allow(clippy::new_without_default)] // for generated code alone
    pub const fn new() -> Self {
        Self(PhantomData, PhantomData)
    }
}

impl<How, T: ?Sized> Clone for Tag<How, T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<How, T: ?Sized> Copy for Tag<How, T> {}

/// Defines a trait whose only method answers with `Tag<$How, $Work>`.
///
/// The method's name is one that no trait of the user has, because a method that is implemented for
/// every type would be found first.
macro_rules! answer {
    (
        $Trait:ident $How:ident:
        $(impl[$($generics:tt)*] $Probe:ty => $Work:ty $(where [$($bounds:tt)*])?;)*
    ) => {
        pub struct $How;
        pub trait $Trait {
            type Work: ?Sized;
            #[inline]
            fn __context_vars_tag(&self) -> Tag<$How, Self::Work> {
                Tag::new()
            }
        }
        $(impl<$($generics)*> $Trait for $Probe $(where $($bounds)*)? {
            type Work = $Work;
        })*
    };
}

answer! { Lent AsLent: impl[T: ?Sized] &&&&&&&Probe<'_, &mut T> => T; }
answer! { Boxed AsBoxed: impl[T: BoxedWork] &&&&&&Probe<'_, T> => T; }
answer! { PinnedBox AsPinnedBox: impl[T: Future] &&&&&Probe<'_, Pin<Box<T>>> => T; }
answer! { BoxedFn AsBoxedFn: impl[T, R] &&&&Probe<'_, Box<T>> => T where [T: FnOnce() -> R]; }
answer! { OtherBox AsOtherBox:
impl[T: ?Sized] &&&Probe<'_, Box<T>> => Box<T>;
impl[T: ?Sized] &&&Probe<'_, Pin<Box<T>>> => Pin<Box<T>>; }
answer! { Awaited AsFuture: impl[T: Future] &&Probe<'_, T> => T; }
answer! { Called AsFn: impl[T, R] &Probe<'_, T> => T where [T: FnOnce() -> R]; }
answer! { Other AsItIs: impl[T] Probe<'_, T> => T; }

pub mod answers {
    //! The traits, without names that could hide one of the user's.

    pub use super::{
        Awaited as _, Boxed as _, BoxedFn as _, Called as _, Lent as _, Other as _, OtherBox as _,
        PinnedBox as _,
    };
}

/// Implements `split` and `join` for what generated code calls in the context.
macro_rules! called {
    ($How:ident: $Work:ty => $split:expr, $Joined:ty => $join:expr) => {
        impl<T> Tag<$How, T> {
            #[inline]
            pub fn split(self, work: $Work) -> (Inherited, T, ()) {
                (Inherited::current(), $split(work), ())
            }

            #[inline]
            pub fn join<F>(self, call: F, (): ()) -> $Joined {
                $join(call)
            }
        }
    };
}

called! { AsFn: T => |work| work, F => |call| call }
called! { AsBoxedFn: Box<T> => |work: Box<T>| *work, Box<F> => Box::new }

/// Implements `split` and `join` for what is passed on; the closure in between is never called.
macro_rules! passed_on {
    ($How:ident[$($generics:tt)*]: $Work:ty => $Wrapped:ty, $wrap:expr) => {
        impl<$($generics)*> Tag<$How, T> {
            #[inline]
            pub fn split(self, work: $Work) -> (Inherited, fn(), $Wrapped) {
                (Inherited::empty(), || (), $wrap(work))
            }

            #[inline]
            pub fn join<F>(self, _: F, wrapped: $Wrapped) -> $Wrapped {
                wrapped
            }
        }
    };
}

// `&mut T` is written out, because only a parameter of that form reborrows its argument.
passed_on! { AsLent[T: ?Sized]: &mut T => &mut T, |other| other }
passed_on! { AsBoxed[T: BoxedWork]: T => T, BoxedWork::inherit }
// A box again: where one of a `dyn Future` is expected, it still becomes that.
passed_on! { AsPinnedBox[T: Future]: Pin<Box<T>> => Pin<Box<InContext<Pin<Box<T>>>>>,
|work| Box::pin(Inherited::current().future(work)) }
passed_on! { AsOtherBox[T]: T => T, |other| other }
passed_on! { AsFuture[T: Future]: T => InContext<T>, |work| Inherited::current().future(work) }
passed_on! { AsItIs[T]: T => T, |other| other }

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

macro_rules! boxed_unpin_future {
    ($($($auto:ident)*;)*) => {$(
        impl<'a, R: 'a> BoxedWork for Box<dyn Future<Output = R> + Unpin $(+ $auto)* + 'a> {
            fn inherit(self) -> Self {
                Box::new(Inherited::current().future(self))
            }
        }
    )*};
}

boxed_unpin_future! {
    ;
    Send;
    Sync;
    Send Sync;
}

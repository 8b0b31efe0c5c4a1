//! Wraps an argument of a spawn call according to its type, if its syntax does not show what it is.
//!
//! ```text
//! let tag = if false { (&&&&&&&&Probe(&work)).__context_vars_tag() } else { Tag::new() };
//! let (inherited, mut call, rest) = tag.split(work);
//! tag.join(move || { /* enter a copy of `inherited` */ call() }, rest)
//! ```
//!
//! The method that is called belongs to the first trait below that is implemented for the work's type.
//! The reason is that method lookup tries the receiver with all of its references first, and then removes
//! them one by one. The tag that the method returns has a type and no content. Therefore the probe never
//! runs, and `work` is evaluated once.
//!
//! If the work is a closure, generated code calls it in another closure that is written at the spawn
//! call. Rustc infers at the end of a function which of its closures are `Fn`, `FnMut` or `FnOnce`, and
//! a closure that calls another has the same kind. A bound that required `Fn` earlier would force the work
//! to be `Fn`, which is an error for other closures.

use core::marker::PhantomData;
use core::pin::Pin;
use std::boxed::Box;

use crate::__private::Inherited;
use crate::in_context::InContext;
use crate::inherit::{inherit, inherit_with};

/// A receiver for the methods that determine what a `T` is.
pub struct Probe<'a, T>(pub &'a T);

/// The answer of a [`Probe`]: `How` is the way in which a `T` is wrapped.
pub struct Tag<How, T: ?Sized>(PhantomData<How>, PhantomData<fn(&T)>);

impl<How, T: ?Sized> Tag<How, T> {
    #[inline]
    #[must_use]
    #[allow(clippy::new_without_default)] // only generated code calls it
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

/// Defines a trait whose only method returns `Tag<$How, $Work>`.
///
/// The method's name must not occur in the user's traits, because a method that is implemented for every
/// type would be found before the one defined here.
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
    //! The traits, imported without names, because a name could hide one of the user's traits.

    pub use super::{
        Awaited as _, Boxed as _, BoxedFn as _, Called as _, Lent as _, Other as _, OtherBox as _,
        PinnedBox as _,
    };
}

/// Implements `split` and `join` for work that generated code calls in the context.
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

/// Implements `split` and `join` for arguments that are passed on without being called. The closure
/// between the two is then never called.
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
// The result is a box again, because a box can still be coerced where a box of `dyn Future` is expected.
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

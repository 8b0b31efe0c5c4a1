//! A thousand variables.

use std::marker::PhantomData;

use context_vars::ContextVar;

/// Modules of sixteen variables each, and `all`, which lists the variables.
macro_rules! sixteens {
    ($($module:ident)*) => {
        $(mod $module {
            context_vars::context_var! {
                static A: u64;
                static B: u64;
                static C: u64;
                static D: u64;
                static E: u64;
                static F: u64;
                static G: u64;
                static H: u64;
                static I: u64;
                static J: u64;
                static K: u64;
                static L: u64;
                static M: u64;
                static N: u64;
                static O: u64;
                static P: u64;
            }
            pub(super) static ALL: [&context_vars::ContextVar<u64>; 16] =
                [&A, &B, &C, &D, &E, &F, &G, &H, &I, &J, &K, &L, &M, &N, &O, &P];
        })*
        pub(super) fn all() -> impl Iterator<Item = &'static context_vars::ContextVar<u64>> {
            [$(&$module::ALL),*].into_iter().flatten().copied()
        }
    };
}

macro_rules! hundreds {
    ($($module:ident)*) => {
        $(mod $module {
            sixteens! { a b c d e f g h }
        })*
        fn all() -> impl Iterator<Item = &'static ContextVar<u64>> {
            std::iter::empty()$(.chain($module::all()))*
        }
    };
}

hundreds! { a b c d e f g h }

/// The first `count` of 1,024 variables; they get their numbers in this order.
pub(crate) fn first(count: usize) -> Vec<&'static ContextVar<u64>> {
    let vars: Vec<_> = all().take(count).collect();
    assert_eq!(vars.len(), count);
    vars
}

/// Sets them in the current context.
pub(crate) fn set_first(count: usize) {
    for (value, var) in first(count).into_iter().enumerate() {
        var.set(value as u64);
    }
}

/// A value, of a different type for each `T`.
pub(crate) struct OtelOf<T>(pub(crate) u64, PhantomData<fn() -> T>);

impl<T> OtelOf<T> {
    pub(crate) const fn new(value: u64) -> Self {
        Self(value, PhantomData)
    }
}

/// OpenTelemetry needs a type for each value, and a tree of pairs has any number of types.
pub(crate) trait Pairs {
    fn set<T: 'static>(context: opentelemetry::Context) -> opentelemetry::Context;
}

pub(crate) struct One;

impl Pairs for One {
    fn set<T: 'static>(context: opentelemetry::Context) -> opentelemetry::Context {
        context.with_value(OtelOf::<T>::new(7))
    }
}

/// Twice as many as `P`.
pub(crate) struct Twice<P>(PhantomData<P>);

impl<P: Pairs> Pairs for Twice<P> {
    fn set<T: 'static>(context: opentelemetry::Context) -> opentelemetry::Context {
        P::set::<(T, u16)>(P::set::<(T, u8)>(context))
    }
}

type FourTimes<P> = Twice<Twice<P>>;
pub(crate) type Otel16 = FourTimes<FourTimes<One>>;
pub(crate) type Otel64 = FourTimes<Otel16>;
pub(crate) type Otel256 = FourTimes<Otel64>;
pub(crate) type Otel1024 = FourTimes<Otel256>;

//! The types that may cross threads and unwinding.

use std::marker::{PhantomData, PhantomPinned};
use std::panic::{RefUnwindSafe, UnwindSafe};

use context_vars::{
    Attached, Context, ContextVar, Entry, InContext, Iter, LookupError, ResetError, ResetErrorKind,
    Scope, Token,
};

fn goes_everywhere<T: Send + Sync + UnwindSafe + RefUnwindSafe>() {}
fn unpin<T: Unpin>() {}
fn error<T: std::error::Error + 'static>() {}

/// As little as a value type may be: no traits but the two it must have.
struct Plain;
type NotSend = PhantomData<*const ()>;
/// `Send`, and not `Sync`.
type Cell = std::cell::Cell<u8>;

/// `holds!(T: Trait)` is whether `T` implements it: an inherent constant goes before a trait's.
macro_rules! holds {
    ($T:ty: $Trait:path) => {{
        struct Probe<T: ?Sized>(PhantomData<T>);
        #[allow(dead_code)] // where `T` has its own constant
        trait Not {
            const HOLDS: bool = false;
        }
        impl<T: ?Sized> Not for Probe<T> {}
        #[allow(dead_code)] // where it has none
        impl<T: ?Sized + $Trait> Probe<T> {
            const HOLDS: bool = true;
        }
        Probe::<$T>::HOLDS
    }};
}

#[test]
fn public_types_cross_threads_and_unwinding() {
    goes_everywhere::<Context>();
    goes_everywhere::<Iter<'_>>();
    goes_everywhere::<Entry<'_>>();
    goes_everywhere::<Token<Plain>>();
    goes_everywhere::<InContext<Plain>>();
    goes_everywhere::<Scope<Plain>>();
    goes_everywhere::<ContextVar<Plain>>();
    goes_everywhere::<&'static ContextVar<Plain>>();
    goes_everywhere::<LookupError>();
    goes_everywhere::<ResetError<Plain>>();
    goes_everywhere::<ResetErrorKind>();
    // The contexts are consistent after a panic, even if the value is not unwind safe.
    const { assert!(holds!(ContextVar<Cell>: UnwindSafe)) };
    const { assert!(holds!(ContextVar<Cell>: RefUnwindSafe)) };
}

#[test]
fn errors_are_errors_without_asking_anything_of_the_value() {
    error::<LookupError>();
    error::<ResetError<Plain>>();
}

#[test]
fn wrapper_has_the_auto_traits_of_the_work() {
    const { assert!(!holds!(InContext<NotSend>: Send) && !holds!(Scope<NotSend>: Send)) };
    const { assert!(holds!(InContext<Cell>: Send) && !holds!(InContext<Cell>: Sync)) };
    const { assert!(holds!(Scope<Cell>: Send) && !holds!(Scope<Cell>: Sync)) };
    const { assert!(!holds!(InContext<&'static mut Plain>: UnwindSafe)) };
    const { assert!(!holds!(Scope<&'static mut Plain>: UnwindSafe)) };
    unpin::<InContext<NotSend>>();
    unpin::<Context>();
    unpin::<Token<Plain>>();
    const { assert!(!holds!(InContext<PhantomPinned>: Unpin)) };
    const { assert!(!holds!(Scope<PhantomPinned>: Unpin)) };
}

#[test]
fn guards_stay_on_their_thread() {
    const { assert!(!holds!(Attached: Send) && !holds!(Attached: Sync)) };
    unpin::<Attached>();
    // Those of generated code restore the current context of the thread on which they were made.
    const { assert!(!holds!(context_vars::__private::SyncScope: Send)) };
    const { assert!(!holds!(context_vars::__private::EnteredClosure: Send)) };
}

//! The types that may cross threads and unwinding.

use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};

use context_vars::{
    Attached, Context, ContextVar, Entry, InContext, Iter, LookupError, ResetError, ResetErrorKind,
    Scope, Token, inherit, inherit_fn, inherit_with,
};

fn send_sync<T: Send + Sync>() {}
fn unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}
fn error<T: std::error::Error + Send + Sync + 'static>() {}

/// As little as a value type may be: no traits but the two it must have.
struct Plain;
type NotSend = PhantomData<*const ()>;

#[test]
fn public_types_are_send_and_sync() {
    send_sync::<Context>();
    send_sync::<Iter<'_>>();
    send_sync::<Entry<'_>>();
    send_sync::<ContextVar<Plain>>();
    send_sync::<Token<Plain>>();
    send_sync::<InContext<Plain>>();
    send_sync::<Scope<Plain>>();
}

#[test]
fn errors_are_errors_without_asking_anything_of_the_value() {
    error::<LookupError>();
    error::<ResetError<Plain>>();
    send_sync::<ResetErrorKind>();
    unwind_safe::<LookupError>();
    unwind_safe::<ResetError<Plain>>();
    unwind_safe::<ResetErrorKind>();
}

#[test]
fn contexts_and_tokens_are_unwind_safe() {
    unwind_safe::<Context>();
    unwind_safe::<Iter<'_>>();
    unwind_safe::<Entry<'_>>();
    unwind_safe::<Token<Plain>>();
    unwind_safe::<InContext<Plain>>();
    unwind_safe::<Scope<Plain>>();
    // The contexts are consistent after a panic, even if the value is not unwind safe.
    unwind_safe::<&'static ContextVar<Plain>>();
    unwind_safe::<ContextVar<std::cell::Cell<u8>>>();
}

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
fn wrapper_is_send_and_sync_exactly_when_the_work_is() {
    const { assert!(holds!(InContext<Plain>: Send) && holds!(Scope<Plain>: Send)) };
    const { assert!(!holds!(InContext<NotSend>: Send)) };
    const { assert!(!holds!(Scope<NotSend>: Send)) };
    // Send, and not Sync.
    type Cell = std::cell::Cell<u8>;
    const { assert!(holds!(InContext<Cell>: Send) && !holds!(InContext<Cell>: Sync)) };
    const { assert!(holds!(Scope<Cell>: Send) && !holds!(Scope<Cell>: Sync)) };
    fn unpin<T: Unpin>() {}
    unpin::<InContext<NotSend>>();
    unpin::<Context>();
    unpin::<Token<Plain>>();
    const { assert!(!holds!(InContext<std::marker::PhantomPinned>: Unpin)) };
    const { assert!(!holds!(Scope<std::marker::PhantomPinned>: Unpin)) };
}

#[test]
fn wrapper_is_unwind_safe_exactly_when_the_work_is() {
    const { assert!(!holds!(InContext<&'static mut Plain>: UnwindSafe)) };
    const { assert!(!holds!(Scope<&'static mut Plain>: UnwindSafe)) };
}

#[test]
fn wrapped_closures_go_where_the_closures_may() {
    fn send<F: Send + 'static>(f: F) -> F {
        f
    }
    fn everywhere<F: Send + Sync + 'static>(f: F) -> F {
        f
    }
    let text = String::from("moved");
    assert_eq!(send(inherit(move || text.len()))(), 5);
    assert_eq!(send(inherit_with(|n: u8| n))(1), 1);
    assert_eq!(everywhere(inherit_fn(|n: u8| n))(1), 1);
    // Work that cannot leave its thread, and work that borrows, can be wrapped, too.
    let (here, borrowed) = (std::rc::Rc::new(1), String::from("borrowed"));
    assert_eq!(inherit(|| *here + borrowed.len())(), 9);
}

#[test]
fn guard_of_an_attached_context_stays_on_its_thread() {
    const { assert!(!holds!(Attached: Send) && !holds!(Attached: Sync)) };
    fn unpin<T: Unpin>() {}
    unpin::<Attached>();
}

#[test]
fn guards_of_generated_code_stay_on_their_thread() {
    // They restore the current context of the thread on which they were made.
    const { assert!(!holds!(context_vars::__private::SyncScope: Send)) };
    const { assert!(!holds!(context_vars::__private::EnteredClosure: Send)) };
}

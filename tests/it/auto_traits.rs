//! What may cross threads and unwinding.

use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};

use context_vars::{
    Context, ContextVar, Entry, InContext, Iter, LookupError, ResetError, ResetErrorKind, Scope,
    Token,
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
}

#[test]
fn contexts_and_tokens_are_unwind_safe() {
    unwind_safe::<Context>();
    unwind_safe::<Token<Plain>>();
    unwind_safe::<InContext<Plain>>();
    unwind_safe::<Scope<Plain>>();
}

/// `Trait::HOLDS` of `Probe<T>` is true if `T: Send`, else what the trait below says.
struct Probe<T>(PhantomData<T>);

trait NotSendByDefault {
    const HOLDS: bool = false;
}

impl<T> NotSendByDefault for Probe<T> {}

impl<T: Send> Probe<T> {
    const HOLDS: bool = true;
}

#[test]
fn wrapper_is_send_exactly_when_the_work_is() {
    const { assert!(Probe::<InContext<Plain>>::HOLDS) };
    const { assert!(!Probe::<InContext<NotSend>>::HOLDS) };
    const { assert!(!Probe::<Scope<NotSend>>::HOLDS) };
    fn unpin<T: Unpin>() {}
    unpin::<InContext<NotSend>>();
}

//! The auto traits of the integrations.

use std::panic::{RefUnwindSafe, UnwindSafe};

use context_vars::propagation::{Builder, Propagator, Rejection, RejectionKind};
use context_vars::web::{ContextLayer, RequestId};

fn kept_anywhere<T: Send + Sync + Unpin>() {}

#[test]
fn what_integrations_are_made_of_is_send_and_sync() {
    kept_anywhere::<ContextLayer>();
    kept_anywhere::<RequestId>();
    kept_anywhere::<Propagator>();
    kept_anywhere::<Builder>();
    kept_anywhere::<Rejection<'_>>();
    kept_anywhere::<RejectionKind>();
}

#[test]
fn rejections_are_errors_that_survive_unwinding() {
    fn error<T: std::error::Error + Send + Sync + UnwindSafe + RefUnwindSafe>() {}
    error::<Rejection<'_>>();
}

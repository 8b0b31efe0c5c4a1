//! Checks that the function spawns work.

use proc_macro2::Span;

use super::parse::Input;
use crate::attribute::Attribute;
use crate::crate_path::CratePath;
use crate::error::Errors;
use crate::function::Function;
use crate::work::plan::{Fragment, wraps_anything};

pub(super) struct InheritingFn {
    pub(super) crate_path: CratePath,
    pub(super) function: Function,
    pub(super) body: Vec<Fragment>,
}

pub(super) fn validate(input: Input, errors: &mut Errors) -> InheritingFn {
    let Input {
        crate_path,
        function,
        body,
    } = input;
    function.refuse_const(Attribute::Inherit, errors);
    function.refuse_again(Attribute::Inherit, errors);
    if errors.is_empty() && !wraps_anything(&body) {
        let message = format!(
            "`#[inherit_context]` has no effect on `{}`: no call to `spawn` or `spawn_*` takes a \
             closure or a future",
            function.signature.ident
        );
        let help = "remove the attribute, or mark the closure: `start(#[inherit_context] || …)`";
        errors.push(Span::call_site(), message, help);
    }
    InheritingFn {
        crate_path,
        function,
        body,
    }
}

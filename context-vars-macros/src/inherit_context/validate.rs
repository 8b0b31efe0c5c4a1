//! Checks that the function spawns work.

use super::parse::Input;
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
    let name = function.signature.ident.clone();
    if let Some(constness) = &function.signature.constness {
        let message = format!(
            "`{name}` is a `const fn`, which can spawn nothing: remove `const`, or `#[inherit_context]`"
        );
        errors.push(constness.span, message);
    }
    function.refuse_again("inherit_context", errors);
    if errors.is_empty() && !wraps_anything(&body) {
        let message = format!(
            "`#[inherit_context]` finds nothing in `{name}` that could inherit: give work to a \
             call of `spawn` or `spawn_…`, mark a closure or an `async` block with \
             `#[inherit_context]`, or remove the attribute"
        );
        errors.push(name.span(), message);
    }
    InheritingFn {
        crate_path,
        function,
        body,
    }
}

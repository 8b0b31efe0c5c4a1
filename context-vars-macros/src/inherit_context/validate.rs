//! What was meant: a function that hands out work, or what is wrong with it.

use crate::crate_path::CratePath;
use crate::error::Errors;
use crate::function::Function;
use crate::work::plan::{Names, carries_anything};
use crate::work::scan::Piece;

use super::parse::Written;

pub(super) struct Inheriting {
    pub(super) crate_path: CratePath,
    pub(super) function: Function,
    pub(super) body: Vec<Piece>,
    pub(super) names: Names,
}

pub(super) fn validate(written: Written, errors: &mut Errors) -> Option<Inheriting> {
    let Written {
        crate_path,
        function,
        body,
    } = written;
    let name = function.signature.ident.clone();
    if let Some(constness) = &function.signature.constness {
        let message = format!(
            "`{name}` is a `const fn`, which can spawn nothing: remove `const`, or `#[inherit_context]`"
        );
        errors.push(constness.span, message);
    }
    function.refuse_again("inherit_context", errors);
    let names = Names::new(&function.body.tokens);
    if errors.is_empty() && !carries_anything(&body, &names) {
        let message = format!(
            "`#[inherit_context]` finds nothing in `{name}` that could inherit: give work to a \
             call of `spawn` or `spawn_…`, mark a closure or an `async` block with \
             `#[inherit_context]`, or remove the attribute"
        );
        errors.push(name.span(), message);
    }
    Some(Inheriting {
        crate_path,
        function,
        body,
        names,
    })
}

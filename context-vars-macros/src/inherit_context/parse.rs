//! Parses the attribute's arguments and the function.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::ParseStream;

use crate::attribute::Attribute;
use crate::crate_path::CratePath;
use crate::error::Errors;
use crate::function::{self, Function};
use crate::work::plan::Fragment;
use crate::work::scan::scan_marks_and_calls;
use crate::{args, case};

pub(super) struct Input {
    pub(super) crate_path: CratePath,
    pub(super) function: Function,
    pub(super) body: Vec<Fragment>,
}

/// Reads arguments and function; `None` if this is not a function, which is reported.
pub(super) fn parse(
    arguments: TokenStream,
    item: TokenStream,
    errors: &mut Errors,
) -> Option<Input> {
    let mut crate_path = CratePath::default();
    args::parse(arguments, errors, |input, errors| {
        if CratePath::peek(input) {
            return crate_path.read(input, errors);
        }
        Err(unknown(input))
    });
    match function::parse(Attribute::InheritContext, item) {
        Ok(function) => {
            let body = scan_marks_and_calls(&function, errors);
            Some(Input {
                crate_path,
                function,
                body,
            })
        }
        Err(error) => {
            errors.add(error);
            None
        }
    }
}

fn unknown(input: ParseStream) -> syn::Error {
    let name = input
        .fork()
        .call(syn::Ident::parse_any)
        .map(|name| name.to_string());
    let message = match name.as_deref().map(|name| case::closest(name, &["crate"])) {
        Ok(Some(_)) => "this is unknown: did you mean `crate = path`?",
        _ => {
            "`#[inherit_context]` takes no arguments but `crate = path`: variables are set by \
             `#[with_context(name = value)]`"
        }
    };
    input.error(message)
}

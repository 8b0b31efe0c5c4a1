//! Parses the attribute's arguments and the function.

use proc_macro2::TokenStream;
use syn::Token;
use syn::ext::IdentExt;
use syn::parse::ParseStream;

use crate::attribute::Attribute;
use crate::crate_path::CratePath;
use crate::error::{Errors, mistake};
use crate::function::{self, Function};
use crate::work::plan::Fragment;
use crate::work::scan::scan_marks_and_calls;
use crate::{args, case, source_text};

pub(super) struct Input {
    pub(super) crate_path: CratePath,
    pub(super) function: Function,
    pub(super) body: Vec<Fragment>,
}

/// Reads the arguments and the function. If the item is not a function, reports that and returns
/// `None`.
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
    match function::parse(Attribute::Inherit, item) {
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

/// Returns the error for an argument other than `crate = path`.
fn unknown(input: ParseStream) -> syn::Error {
    let name = source_text::of_token(source_text::next(input));
    let argument = source_text::up_to(',', input);
    let value = input.fork();
    let is_setting = value.call(syn::Ident::parse_any).is_ok() && value.peek(Token![=]);
    if case::closest(&name, &["crate"]).is_some() {
        let value: TokenStream = argument.into_iter().skip(2).collect();
        let value = match value.is_empty() {
            true => "path::to::context_vars".to_owned(),
            false => source_text::of(value),
        };
        let help = format!("did you mean `crate = {value}`?");
        return mistake(
            &source_text::next(input),
            format!("unknown option `{name}`"),
            help,
        );
    }
    if is_setting {
        let setting = source_text::of_expression(argument.clone());
        let help = format!("set them with another attribute: `#[with_context({setting})]`");
        return mistake(&argument, "`#[inherit_context]` cannot set variables", help);
    }
    let help = "remove it; the only option of `#[inherit_context]` is `crate = path`";
    mistake(
        &source_text::next(input),
        format!("unknown option `{name}`"),
        help,
    )
}

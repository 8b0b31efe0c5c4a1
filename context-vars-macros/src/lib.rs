//! The procedural macros of `context-vars`.

#![forbid(unsafe_code)]

use proc_macro::TokenStream;

mod args;
mod body;
mod context_var;
mod crate_path;
mod error;
mod function;
mod inherit_context;
mod lints;
mod parameters;
mod receiver;
mod returns;
mod spans;
mod spelling;
mod with_context;

/// Declares context variables.
#[proc_macro]
pub fn context_var(input: TokenStream) -> TokenStream {
    context_var::context_var(input.into()).into()
}

/// Makes a scope around every call of a function.
#[proc_macro_attribute]
pub fn with_context(arguments: TokenStream, item: TokenStream) -> TokenStream {
    with_context::with_context(arguments.into(), item.into()).into()
}

/// Makes what a function hands to a spawn call inherit.
#[proc_macro_attribute]
pub fn inherit_context(arguments: TokenStream, item: TokenStream) -> TokenStream {
    inherit_context::inherit_context(arguments.into(), item.into()).into()
}

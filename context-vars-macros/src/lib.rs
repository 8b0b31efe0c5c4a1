//! The procedural macros of `context-vars`.

#![forbid(unsafe_code)]

use proc_macro::TokenStream;

mod error;
mod spans;
mod spelling;
mod lints;
mod crate_path;
mod args;
mod function;
mod returns;
mod parameters;
mod receiver;
mod body;
mod context_var;
mod with_context;
mod inherit_context;
#[cfg(test)]
mod tests;

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

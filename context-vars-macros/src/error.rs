//! The errors of one item, collected so that all are reported at once.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::parse::ParseStream;

use crate::source_text;

/// The tokens that an error underlines: all of `&tokens`, or the one at a span.
pub(crate) trait Place {
    fn error(self, message: String) -> syn::Error;
}

impl Place for Span {
    fn error(self, message: String) -> syn::Error {
        syn::Error::new(self, message)
    }
}

impl<T: ToTokens + ?Sized> Place for &T {
    fn error(self, message: String) -> syn::Error {
        syn::Error::new_spanned(self.to_token_stream(), message)
    }
}

/// Returns an error that reports the mistake, with a help in a second line.
///
/// rustc indents the second line. A macro on stable Rust has no other way to give a help, because
/// `compile_error!` takes one text.
pub(crate) fn mistake(at: impl Place, message: impl Display, help: impl Display) -> syn::Error {
    at.error(format!("{message}\nhelp: {help}"))
}

/// Returns the error for the next token, in whose place `what` was expected.
pub(crate) fn expected(input: ParseStream, what: &str, help: impl Display) -> syn::Error {
    let next = source_text::next(input);
    let found = source_text::of_token(next.clone());
    mistake(&next, format!("expected {what}, found `{found}`"), help)
}

/// Collects errors.
#[derive(Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    /// Adds an error, see [`mistake`].
    pub(crate) fn push(&mut self, at: impl Place, message: impl Display, help: impl Display) {
        self.add(mistake(at, message, help));
    }

    /// Adds the error of a parser.
    pub(crate) fn add(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns a `compile_error!` for each error.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.0
            .map(syn::Error::into_compile_error)
            .unwrap_or_default()
    }
}

//! The one list of lints that generated code does not keep to.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

/// `#[allow(…)]`, to stand on a generated statement.
///
/// The statements declare the user's parameters anew, under the user's names and at their places,
/// so that lints take them for the user's own.
pub(crate) fn allowed(at: Span) -> TokenStream {
    quote_spanned! {at=>
        #[allow(
            clippy::redundant_locals,
            clippy::used_underscore_binding,
            clippy::no_effect_underscore_binding
        )]
    }
}

/// `#[allow(…)]`, to stand on a function whose spawn calls inherit.
pub(crate) fn spawns_allowed(at: Span) -> TokenStream {
    quote_spanned!(at=> #[allow(clippy::disallowed_methods)])
}

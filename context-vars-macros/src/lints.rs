//! The lints that generated code allows.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

/// Returns `#[allow(…)]` for a generated statement.
///
/// The statements rebind the user's parameters under the same names and spans, so lints take them
/// for code of the user.
pub(crate) fn allowed(at: Span) -> TokenStream {
    quote_spanned! {at=>
        #[allow(
            clippy::redundant_locals,
            clippy::used_underscore_binding,
            clippy::no_effect_underscore_binding
        )]
    }
}

/// Returns `#[allow(…)]` for a function whose spawn calls inherit.
pub(crate) fn spawns_allowed(at: Span) -> TokenStream {
    quote_spanned!(at=> #[allow(clippy::disallowed_methods)])
}

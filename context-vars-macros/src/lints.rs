//! The lints that generated code allows.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::ext::IdentExt;

/// Returns `#[allow(…)]` for a generated statement that rebinds `name`.
///
/// The statements rebind the user's parameters under the same names and spans, so lints take them
/// for code of the user. rustc takes as long for an attribute on a statement as for the statement
/// itself, so each attribute has only the lints that can be reported there.
pub(crate) fn rebinding_allowed(name: &Ident, at: Span) -> TokenStream {
    if is_underscored(name) {
        quote_spanned! {at=>
            #[allow(
                clippy::redundant_locals,
                clippy::used_underscore_binding,
                clippy::no_effect_underscore_binding
            )]
        }
    } else {
        quote_spanned!(at=> #[allow(clippy::redundant_locals)])
    }
}

/// Returns `#[allow(…)]` for a generated statement that uses `name`, if a lint would report that.
pub(crate) fn use_allowed(name: &Ident, at: Span) -> TokenStream {
    if is_underscored(name) {
        quote_spanned!(at=> #[allow(clippy::used_underscore_binding)])
    } else {
        TokenStream::new()
    }
}

fn is_underscored(name: &Ident) -> bool {
    name.unraw().to_string().starts_with('_')
}

/// Returns `#[allow(…)]` for a function whose spawn calls inherit.
pub(crate) fn spawns_allowed(at: Span) -> TokenStream {
    quote_spanned!(at=> #[allow(clippy::disallowed_methods)])
}

//! What is generated: the same function, see `work/rewrite.rs`.

use proc_macro2::{Span, TokenStream};
use quote::quote;

use super::validate::InheritingFn;
use crate::lints;
use crate::work::rewrite::Writer;

/// Adds `#[allow(clippy::disallowed_methods)]` too: where that lint forbids raw spawns, those of
/// this function are none. On the function, because rustc takes no attribute on an expression.
pub(super) fn expand(inheriting: &InheritingFn) -> TokenStream {
    let InheritingFn {
        crate_path,
        function,
        body,
        names,
    } = inheriting;
    let body = Writer { crate_path, names }.write(body);
    let function = function.with_body(&body);
    let allowed = lints::spawns_allowed(Span::mixed_site());
    quote!(#allowed #function)
}

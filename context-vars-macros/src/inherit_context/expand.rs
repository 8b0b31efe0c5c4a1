//! Generates the function with its body rewritten, see `work/rewrite.rs`.

use proc_macro2::{Span, TokenStream};
use quote::quote;

use super::validate::InheritingFn;
use crate::lints;
use crate::work::rewrite::rewrite;

/// Adds `#[allow(clippy::disallowed_methods)]`, because the calls in this function are no longer raw
/// spawns, which that lint may forbid. The attribute is on the function, because rustc rejects
/// attributes on expressions.
pub(super) fn expand(inheriting: &InheritingFn) -> TokenStream {
    let InheritingFn {
        crate_path,
        function,
        body,
    } = inheriting;
    let body = rewrite(body, crate_path);
    let function = function.with_body(&body);
    let allowed = lints::spawns_allowed(Span::mixed_site());
    quote!(#allowed #function)
}

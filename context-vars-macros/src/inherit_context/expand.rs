//! What is generated: the same function, see `body/expand.rs`.

use proc_macro2::TokenStream;

use super::validate::Inheriting;
use crate::body::expand::Writer;

pub(super) fn expand(inheriting: &Inheriting) -> TokenStream {
    let Inheriting {
        crate_path,
        function,
        body,
        names,
    } = inheriting;
    let body = Writer { crate_path, names }.write(body);
    function.with_body(&body)
}

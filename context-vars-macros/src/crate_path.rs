//! `crate = path`: the path of the runtime crate if it was renamed or is re-exported.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::parse::ParseStream;
use syn::{Path, Token};

use crate::error::Errors;

/// The path of the runtime crate, `::context_vars` unless the user wrote another.
#[derive(Default)]
pub(crate) struct CratePath(Option<Path>);

impl CratePath {
    /// Whether `crate` begins the next argument, whatever is wrong with the rest of it.
    pub(crate) fn peek(input: ParseStream) -> bool {
        input.peek(Token![crate]) && !input.peek2(Token![::])
    }

    /// Reads `crate = path`; a second one is reported and ignored.
    pub(crate) fn read(&mut self, input: ParseStream, errors: &mut Errors) -> syn::Result<()> {
        let keyword: Token![crate] = input.parse()?;
        let advice = "write `crate = path::to::context_vars`";
        if !input.peek(Token![=]) {
            let message = format!("`crate` has no `=` and path after it: {advice}");
            return Err(syn::Error::new(keyword.span, message));
        }
        let equals: Token![=] = input.parse()?;
        let at = if input.is_empty() {
            equals.span
        } else {
            input.span()
        };
        let path = input.call(Path::parse_mod_style).ok();
        let is_type = |path: &Path| path.segments.iter().any(|segment| segment.ident == "Self");
        let Some(path) = path.filter(|path| !is_type(path)) else {
            let message = format!("what stands after `crate =` is not a path: {advice}");
            return Err(syn::Error::new(at, message));
        };
        if self.0.is_some() {
            errors.push(keyword.span, "`crate` is given twice: keep one of the two");
        } else {
            self.0 = Some(path);
        }
        Ok(())
    }

    /// Returns the path of the module that generated code calls.
    pub(crate) fn private(&self) -> TokenStream {
        quote_spanned!(Span::mixed_site()=> #self::__private)
    }
}

impl ToTokens for CratePath {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match &self.0 {
            Some(path) => path.to_tokens(tokens),
            None => tokens.extend(quote_spanned!(Span::mixed_site()=> ::context_vars)),
        }
    }
}

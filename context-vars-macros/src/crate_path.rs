//! `crate = path`: the path of the runtime crate if it was renamed or is re-exported.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::parse::ParseStream;
use syn::parse::discouraged::Speculative;
use syn::{Path, Token};

use crate::error::{Errors, expected, mistake};
use crate::source_text;

/// The path of the runtime crate, `::context_vars` unless the user wrote another.
#[derive(Default)]
pub(crate) struct CratePath(Option<Path>);

impl CratePath {
    /// Returns `true` if `crate` begins the next argument, even if there is a mistake in the rest.
    pub(crate) fn peek(input: ParseStream) -> bool {
        input.peek(Token![crate]) && !input.peek2(Token![::])
    }

    /// Reads `crate = path`; a second one is reported and ignored.
    pub(crate) fn read(&mut self, input: ParseStream, errors: &mut Errors) -> syn::Result<()> {
        let keyword: Token![crate] = input.parse()?;
        if !input.peek(Token![=]) || input.peek(Token![==]) || input.peek(Token![=>]) {
            return Err(missing(&keyword, "`=`", input));
        }
        let equals: Token![=] = input.parse()?;
        let ahead = input.fork();
        let path = ahead.call(Path::parse_mod_style).ok();
        let is_type = |path: &Path| path.segments.iter().any(|segment| segment.ident == "Self");
        let Some(path) = path.filter(|path| !is_type(path)) else {
            return Err(missing(&equals, "a path", input));
        };
        input.advance_to(&ahead);
        if self.0.is_some() {
            errors.push(
                &keyword,
                "duplicate option `crate`",
                "remove one of the two",
            );
        } else {
            self.0 = Some(path);
        }
        Ok(())
    }

    /// Returns the path of the module that generated code calls.
    pub(crate) fn private(&self) -> TokenStream {
        self.private_at(Span::mixed_site())
    }

    /// Returns that path with the given span. A path that the user wrote keeps its own spans, by which
    /// `$crate` is resolved.
    pub(crate) fn private_at(&self, span: Span) -> TokenStream {
        match &self.0 {
            Some(path) => quote_spanned!(span=> #path::__private),
            None => quote_spanned!(span=> ::context_vars::__private),
        }
    }
}

/// Returns the error for what is missing after `before`, with the path that was probably meant.
fn missing(before: &dyn ToTokens, what: &str, input: ParseStream) -> syn::Error {
    let found = |token: TokenTree| match token {
        TokenTree::Group(group) => syn::parse2::<Path>(group.stream()).ok(),
        TokenTree::Literal(text) => syn::parse_str(text.to_string().trim_matches('"')).ok(),
        TokenTree::Ident(name) => Some(Path::from(name)),
        TokenTree::Punct(_) => None,
    };
    let mut rest = input.cursor().token_stream().into_iter();
    let path = rest.next().and_then(found);
    let path = path.map_or_else(
        || "path::to::context_vars".to_owned(),
        |path| source_text::of(path.to_token_stream()),
    );
    let help = format!("`crate = {path}`");
    if input.is_empty() || input.peek(Token![,]) || input.peek(Token![;]) {
        let before = before.to_token_stream();
        let text = source_text::of_token(before.clone());
        return mistake(&before, format!("expected {what} after `{text}`"), help);
    }
    expected(input, what, help)
}

impl ToTokens for CratePath {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match &self.0 {
            Some(path) => path.to_tokens(tokens),
            None => tokens.extend(quote_spanned!(Span::mixed_site()=> ::context_vars)),
        }
    }
}

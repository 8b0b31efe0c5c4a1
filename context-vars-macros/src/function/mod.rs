//! The function that an attribute stands on.

pub(crate) mod parameters;
pub(crate) mod receiver;
mod format_string;
pub(crate) mod return_type;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, TokenStreamExt, quote};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Ident, Path, ReturnType, Signature, Token, Visibility, braced};

use crate::error::Errors;
use crate::tokens;

/// A function, its body left as tokens, so that a mistake in there is reported by rustc.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) defaultness: Option<Ident>,
    pub(crate) signature: Signature,
    pub(crate) body: Body,
}

/// `{ #![inner] tokens }`
pub(crate) struct Body {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) tokens: TokenStream,
    pub(crate) span: Span,
}

/// Reads the function that `attribute` stands on, or says what stands there instead.
pub(crate) fn parse(attribute: &str, item: TokenStream) -> syn::Result<Function> {
    let read = |input: ParseStream| {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let defaultness = defaultness(input)?;
        if let Some(stranger) = stranger(input) {
            return Err(stranger.refuse(attribute));
        }
        let signature: Signature = input.parse()?;
        let body = body(attribute, &signature, input)?;
        Ok(Function {
            attributes,
            visibility,
            defaultness,
            signature,
            body,
        })
    };
    read.parse2(item)
}

/// Reads `default`, which stands before functions of specialized implementations.
fn defaultness(input: ParseStream) -> syn::Result<Option<Ident>> {
    let ahead = input.fork();
    match ahead.parse::<Ident>() {
        Ok(word) if word == "default" && !ahead.peek(Token![!]) => input.parse().map(Some),
        _ => Ok(None),
    }
}

fn body(attribute: &str, signature: &Signature, input: ParseStream) -> syn::Result<Body> {
    if !input.peek(syn::token::Brace) {
        let message = format!(
            "`{}` has no body: write `#[{attribute}]` where it has one, on the implementations",
            signature.ident
        );
        return Err(syn::Error::new(signature.ident.span(), message));
    }
    // Not as a plain group: the body may come from a `macro_rules!` macro as a `block`.
    let inside;
    let braces = braced!(inside in input);
    Ok(Body {
        attributes: inside.call(Attribute::parse_inner)?,
        tokens: inside.parse()?,
        span: braces.span.join(),
    })
}

/// Something that is not a function, and the token that shows it.
pub(crate) struct Stranger {
    noun: String,
    span: Span,
}

impl Stranger {
    pub(crate) fn is_expression(&self) -> bool {
        matches!(self.noun.as_str(), "a closure" | "an `async` block")
    }

    fn refuse(&self, attribute: &str) -> syn::Error {
        let Self { noun, span } = self;
        let advice = match (noun.as_str(), attribute) {
            ("an `impl`" | "a `trait`", _) => "write it on each function in there that needs it",
            ("a `mod`", _) => "write it on each function in there that needs it",
            ("a closure" | "an `async` block", "inherit_context") => {
                "write it also on the function around this, which makes a mark of this one"
            }
            ("a closure" | "an `async` block", _) => {
                "set the variable inside, with `VAR.scope(value, future)` or `VAR.sync_scope(value, closure)`"
            }
            _ => "write it on a function",
        };
        syn::Error::new(
            *span,
            format!("`#[{attribute}]` stands on {noun}: {advice}"),
        )
    }
}

/// What follows if it is not a function.
pub(crate) fn stranger(input: ParseStream) -> Option<Stranger> {
    let ahead = input.fork();
    let first = ahead.span();
    let mut modifiers = 0;
    loop {
        if ahead.peek(Token![fn]) {
            return None;
        }
        let is_modifier = ahead.peek(Token![const])
            || ahead.peek(Token![async])
            || ahead.peek(Token![unsafe])
            || ahead.peek(Token![extern])
            || (modifiers > 0 && ahead.peek(syn::LitStr));
        if !is_modifier || ahead.parse::<proc_macro2::TokenTree>().is_err() {
            break;
        }
        modifiers += 1;
    }
    let noun = noun(input, &ahead);
    let span = if input.is_empty() {
        Span::call_site()
    } else {
        first
    };
    Some(Stranger { noun, span })
}

/// Names what begins at `start`; `ahead` stands behind its modifiers.
fn noun(start: ParseStream, ahead: ParseStream) -> String {
    let is_closure = |input: ParseStream| {
        input.peek(Token![|])
            || input.peek(Token![||])
            || input.peek(Token![move]) && !input.peek2(syn::token::Brace)
    };
    if is_closure(start) || is_closure(ahead) {
        return "a closure".to_owned();
    }
    if start.peek(Token![async]) && !ahead.peek(syn::Ident) {
        return "an `async` block".to_owned();
    }
    if start.peek(Token![const]) && ahead.peek(syn::Ident) {
        return "a `const`".to_owned();
    }
    match ahead.fork().call(<Ident as syn::ext::IdentExt>::parse_any) {
        Ok(word) if ITEMS.iter().any(|item| word == item) => {
            let article = if word == "impl" || word == "enum" {
                "an"
            } else {
                "a"
            };
            format!("{article} `{word}`")
        }
        Ok(word) if ahead.peek2(Token![!]) => format!("a call of `{word}!`"),
        _ => "something that is not a function".to_owned(),
    }
}

const ITEMS: &[&str] = &[
    "struct", "enum", "union", "trait", "impl", "mod", "static", "const", "type", "use", "let",
];

impl Function {
    /// Whether the attribute is on the function once more, under whatever path.
    pub(crate) fn has_attribute(&self, name: &str) -> bool {
        self.attributes
            .iter()
            .any(|attribute| is_named(attribute.path(), name))
    }

    /// Reports the attribute that is being expanded if the function has it once more.
    pub(crate) fn refuse_again(&self, name: &str, errors: &mut Errors) {
        for attribute in &self.attributes {
            if let Some(last) = attribute
                .path()
                .segments
                .last()
                .filter(|last| last.ident == name)
            {
                let message = format!("`#[{name}]` is on this function twice: write one");
                errors.push(last.ident.span(), message);
            }
        }
    }

    /// The function with `tokens` for a body; the braces and inner attributes are the user's.
    pub(crate) fn with_body(&self, tokens: &TokenStream) -> TokenStream {
        let Self {
            attributes,
            visibility,
            defaultness,
            signature,
            body,
        } = self;
        let inner = &body.attributes;
        let braces = tokens::braces(quote!(#(#inner)* #tokens), body.span);
        quote!(#(#attributes)* #visibility #defaultness #signature #braces)
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append_all(self.with_body(&self.body.tokens));
    }
}

/// Whether the last name of `path` is `name`.
pub(crate) fn is_named(path: &Path, name: &str) -> bool {
    path.segments.last().is_some_and(|last| last.ident == name)
}

/// The type that is returned, if one is written.
pub(crate) fn returned(signature: &Signature) -> Option<&syn::Type> {
    match &signature.output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some(ty),
    }
}

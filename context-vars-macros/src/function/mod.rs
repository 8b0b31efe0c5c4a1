//! The function that an attribute is applied to.

pub(crate) mod not_a_function;
pub(crate) mod parameters;
pub(crate) mod receiver;
mod format_string;
pub(crate) mod return_type;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Ident, Signature, Token, Visibility, braced};

use self::not_a_function::NotAFunction;
use crate::attribute::{Attribute, is_named};
use crate::error::{Errors, mistake};
use crate::tokens;

/// A function whose body is left as tokens, so that mistakes in it are reported by rustc.
pub(crate) struct Function {
    pub(crate) attributes: Vec<syn::Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) defaultness: Option<Ident>,
    pub(crate) signature: Signature,
    pub(crate) body: Body,
}

/// `{ #![inner] tokens }`
pub(crate) struct Body {
    pub(crate) attributes: Vec<syn::Attribute>,
    pub(crate) tokens: TokenStream,
    pub(crate) span: Span,
}

/// Reads the function to which `attribute` is applied, or reports the item that was found instead.
pub(crate) fn parse(attribute: Attribute, item: TokenStream) -> syn::Result<Function> {
    let read = |input: ParseStream| {
        let attributes = input.call(syn::Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let defaultness = defaultness(input)?;
        if let Some(other) = NotAFunction::peek(input) {
            return Err(other.error(attribute, input));
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

/// Reads `default`, which precedes functions of specialized implementations.
fn defaultness(input: ParseStream) -> syn::Result<Option<Ident>> {
    let ahead = input.fork();
    match ahead.parse::<Ident>() {
        Ok(word) if word == "default" && !ahead.peek(Token![!]) => input.parse().map(Some),
        _ => Ok(None),
    }
}

fn body(attribute: Attribute, signature: &Signature, input: ParseStream) -> syn::Result<Body> {
    if !input.peek(syn::token::Brace) {
        let name = &signature.ident;
        let message = format!("`{attribute}` needs a function body, but `{name}` has none");
        let help = format!("apply it to `{name}` in each implementation");
        return Err(mistake(name, message, help));
    }
    // It is not read as a plain group, because a `block` of a `macro_rules!` macro has an invisible
    // group around it.
    let inside;
    let braces = braced!(inside in input);
    Ok(Body {
        attributes: inside.call(syn::Attribute::parse_inner)?,
        tokens: inside.parse()?,
        span: braces.span.join(),
    })
}

impl Function {
    /// Returns `true` if the function has the attribute `name`, under any path.
    pub(crate) fn has_attribute(&self, name: &str) -> bool {
        self.attributes
            .iter()
            .any(|attribute| is_named(attribute.path(), name))
    }

    /// Reports the attribute that is being expanded if the function has it a second time.
    pub(crate) fn refuse_again(&self, this: Attribute, errors: &mut Errors) {
        let help = match this {
            Attribute::With => "set all variables in one, separated by `,`",
            Attribute::Inherit | Attribute::Detach => "remove one of the two",
        };
        for attribute in &self.attributes {
            if this.is_at(attribute.path()) {
                let message = format!("duplicate attribute `{this}`");
                errors.push(attribute.path(), message, help);
            }
        }
    }

    /// Reports a `const fn`, in which the attribute's code could not run.
    pub(crate) fn refuse_const(&self, this: Attribute, errors: &mut Errors) {
        if let Some(constness) = &self.signature.constness {
            let name = &self.signature.ident;
            let message = format!("`{this}` cannot be applied to a `const fn`");
            let help = format!("remove `const` from `{name}`, or remove `{this}`");
            errors.push(constness, message, help);
        }
    }

    /// Returns the function with another body, but with the user's braces and inner attributes.
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

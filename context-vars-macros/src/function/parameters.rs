//! The parameters of a function or closure, moved into a scope, so that they are dropped there.

use std::mem;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, ExprClosure, FnArg, Pat, PatIdent, Signature, Token, parse_quote};

use crate::{lints, tokens};

/// All parameters, in order.
pub(crate) struct Parameters(Vec<Parameter>);

struct Parameter {
    /// The name under which the body receives it.
    name: Ident,
    /// Its `#[cfg(…)]`s.
    conditions: Vec<Attribute>,
    /// The pattern by which the body rebinds it; `None` if the body only captures it.
    rebound: Option<Rebound>,
}

struct Rebound {
    /// The lint attributes of the parameter.
    lints: Vec<Attribute>,
    mutability: Option<Token![mut]>,
    /// `(a, _)`
    pattern: Option<Pat>,
}

impl Parameters {
    /// Takes the parameters of a function whose body rebinds all of them.
    pub(crate) fn of(signature: &mut Signature) -> Self {
        Self::take(signature, false, &TokenStream::new())
    }

    /// Takes the parameters of a function whose body, an `async` block, captures them.
    ///
    /// A captured parameter is stored in the block's future once, a rebound one twice. Three kinds of
    /// parameters are rebound nevertheless. Parameters that the body does not use are rebound so that
    /// rustc still warns about them. Patterns are rebound, too, and so are all parameters after one of
    /// these two kinds, because they would otherwise be dropped after it.
    pub(crate) fn captured(signature: &mut Signature, body: &TokenStream) -> Self {
        Self::take(signature, true, body)
    }

    fn take(signature: &mut Signature, mut captured: bool, body: &TokenStream) -> Self {
        let mut parameters = Vec::new();
        for (index, argument) in signature.inputs.iter_mut().enumerate() {
            let FnArg::Typed(argument) = argument else {
                continue;
            };
            captured &= match &*argument.pat {
                Pat::Wild(_) => true,
                pattern => simple(pattern).is_some_and(|name| mentions(body, &name.ident)),
            };
            parameters.push(Parameter::take(
                &mut argument.pat,
                &mut argument.attrs,
                index,
                captured,
            ));
        }
        Self(parameters)
    }

    /// Takes the parameters of a closure.
    pub(crate) fn of_closure(closure: &mut ExprClosure) -> Self {
        let take = |(index, pattern): (usize, &mut Pat)| match pattern {
            Pat::Type(typed) => Parameter::take(&mut typed.pat, &mut typed.attrs, index, false),
            pattern => Parameter::take(pattern, &mut Vec::new(), index, false),
        };
        Self(closure.inputs.iter_mut().enumerate().map(take).collect())
    }

    /// Returns the statements that rebind them, `let a = a;`.
    pub(crate) fn rebound(&self) -> TokenStream {
        self.0.iter().map(Parameter::rebind).collect()
    }

    /// Returns the statements that make a closure or an `async` block capture them, `let _ = &a;`.
    ///
    /// They are in reverse order, because captures are dropped in the order of their first use, and
    /// parameters in the reverse order of their declaration.
    pub(crate) fn captures(&self) -> TokenStream {
        self.0.iter().rev().map(Parameter::capture).collect()
    }
}

impl Parameter {
    /// Replaces `pattern` by a name.
    fn take(
        pattern: &mut Pat,
        attributes: &mut Vec<Attribute>,
        index: usize,
        captured: bool,
    ) -> Self {
        let is_condition = |attribute: &&Attribute| is_one_of(attribute, &["cfg", "cfg_attr"]);
        let conditions = attributes.iter().filter(is_condition).cloned().collect();
        let mut mutability = None;
        let mut old = None;
        let name = match pattern {
            Pat::Ident(name) if is_simple(name) => {
                if !captured {
                    mutability = name.mutability.take();
                }
                name.ident.clone()
            }
            pattern => {
                let name = format_ident!(
                    "__context_vars_argument_{index}",
                    span = tokens::hygienic_at(pattern.span())
                );
                let was = mem::replace(pattern, parse_quote!(#name));
                old = (!matches!(was, Pat::Wild(_))).then_some(was);
                name
            }
        };
        let rebound = (!captured).then(|| {
            let is_lint = |attribute: &Attribute| is_one_of(attribute, LINTS);
            let lints = attributes
                .iter()
                .filter(|attribute| is_lint(attribute))
                .cloned()
                .collect();
            attributes.retain(|attribute| !is_lint(attribute));
            Rebound {
                lints,
                mutability,
                pattern: old,
            }
        });
        Self {
            name,
            conditions,
            rebound,
        }
    }

    /// Returns the statements that rebind the parameter. The name that replaces a pattern is `mut`,
    /// because the pattern may contain `ref mut`.
    fn rebind(&self) -> TokenStream {
        let Self {
            name,
            conditions,
            rebound,
        } = self;
        let Some(Rebound {
            lints,
            mutability,
            pattern,
        }) = rebound
        else {
            return TokenStream::new();
        };
        let at = tokens::hygienic_at(name.span());
        let allowed = lints::rebinding_allowed(name, at);
        let conditions = quote!(#(#conditions)*);
        let lints = quote!(#(#lints)*);
        match pattern {
            None => quote_spanned!(at=> #allowed #conditions #lints let #mutability #name = #name;),
            Some(pattern) => quote_spanned! {at=>
                #allowed #[allow(unused_mut)] #conditions let mut #name = #name;
                #allowed #conditions #lints let #pattern = #name;
            },
        }
    }

    fn capture(&self) -> TokenStream {
        let Self {
            name, conditions, ..
        } = self;
        let at = tokens::hygienic_at(name.span());
        let allowed = lints::use_allowed(name, at);
        quote_spanned!(at=> #allowed #(#conditions)* let _ = &#name;)
    }
}

const LINTS: &[&str] = &["allow", "warn", "deny", "forbid", "expect"];

fn is_one_of(attribute: &Attribute, names: &[&str]) -> bool {
    names.iter().any(|name| attribute.path().is_ident(name))
}

/// Returns the name if the pattern is only a name.
fn simple(pattern: &Pat) -> Option<&PatIdent> {
    match pattern {
        Pat::Ident(name) if is_simple(name) => Some(name),
        _ => None,
    }
}

fn is_simple(name: &PatIdent) -> bool {
    name.by_ref.is_none() && name.subpat.is_none()
}

/// Returns `true` if `name` occurs, even in a string like `"{name}"`.
fn mentions(tokens: &TokenStream, name: &Ident) -> bool {
    let text = name.unraw().to_string();
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mentions(&group.stream(), name),
        TokenTree::Literal(literal) => literal.to_string().contains(&text),
        TokenTree::Punct(_) => false,
    })
}

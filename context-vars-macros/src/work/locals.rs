//! The local variables of a function: which of them a closure captures, and of which the type may
//! be inferred only from the call that they are given to.

use std::collections::{HashMap, HashSet};

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Expr, ExprClosure, FnArg, Signature};

use super::argument;
use crate::tokens::{is_group, is_punct, is_word};

/// The names that are bound in a function, found by the form of the tokens alone: rather too many
/// than too few.
#[derive(Default)]
pub(super) struct Locals {
    /// How often each name is bound.
    bound: HashMap<String, usize>,
    /// The names whose declaration does not show their type.
    untyped: HashSet<String>,
}

impl Locals {
    /// Finds the parameters of a function and what is bound in its body.
    pub(super) fn of(signature: &Signature, body: &TokenStream) -> Self {
        let mut locals = Self::default();
        for parameter in &signature.inputs {
            match parameter {
                FnArg::Receiver(_) => locals.bind_name("self"),
                FnArg::Typed(parameter) => locals.bind(&list(parameter.pat.to_token_stream())),
            }
        }
        locals.find(body.clone());
        locals
    }

    fn find(&mut self, tokens: TokenStream) {
        let tokens = list(tokens);
        // The earliest token at which the current match arm may begin.
        let mut arm = 0;
        for (index, token) in tokens.iter().enumerate() {
            let rest = &tokens[index + 1..];
            match token {
                TokenTree::Group(group) => {
                    self.find(group.stream());
                    if is_group(token, Delimiter::Brace) && !is_arrow(rest) {
                        arm = index + 1;
                    }
                }
                word if is_word(word, "let") => self.bind_let(rest),
                word if is_word(word, "for") => {
                    self.bind(until(rest, |at| is_word(at, "in")));
                }
                token if is_punct(token, '|') => {
                    self.bind(until(rest, |at| is_punct(at, '|')));
                }
                token if is_punct(token, ',') => arm = index + 1,
                _ if is_arrow(&tokens[index..]) => self.bind(&tokens[arm..index]),
                _ => {}
            }
        }
    }

    /// Binds the names of a `let`, whose tokens after that word are `rest`.
    fn bind_let(&mut self, rest: &[TokenTree]) {
        let pattern = until(rest, |at| is_punct(at, '=') || is_punct(at, ';'));
        self.bind(pattern);
        let value = rest.get(pattern.len() + 1..).unwrap_or_default();
        let is_typed = pattern.iter().any(|token| is_punct(token, ':'));
        if is_punct(rest.get(pattern.len()), ';') || leaves_its_type_open(value) {
            if !is_typed {
                self.untyped.extend(names(pattern));
            }
        } else if let Some(parameters) = parameters_of_closure(value) {
            self.untyped.extend(names(parameters));
        }
    }

    fn bind(&mut self, pattern: &[TokenTree]) {
        for name in names(pattern) {
            self.bind_name(&name);
        }
    }

    fn bind_name(&mut self, name: &str) {
        *self.bound.entry(name.to_owned()).or_default() += 1;
    }

    /// Whether the type of the variable `path` may be inferred from a later use.
    pub(super) fn may_be_untyped(&self, path: &Expr) -> bool {
        let Expr::Path(path) = path else {
            return false;
        };
        let name = path.path.get_ident().map(ToString::to_string);
        name.is_some_and(|name| self.untyped.contains(&name))
    }

    /// Whether `closure` mentions a variable that is bound outside of it.
    pub(super) fn are_captured_by(&self, closure: &ExprClosure) -> bool {
        self.captured_by(
            &closure.body.to_token_stream(),
            &Own::of(closure),
            &|_, _| true,
        )
    }

    /// Whether `closure` may move a variable out of its environment: names one outside of it
    /// without a `&` before it, and without a method, a field or an operator after it.
    pub(super) fn may_be_moved_by(&self, closure: &ExprClosure) -> bool {
        let is_alone = |before: Option<&TokenTree>, after: Option<&TokenTree>| {
            let begins = before.is_none_or(|before| {
                is_punct(before, ',') || is_punct(before, '=') || is_word(before, "return")
            });
            let ends = after.is_none_or(|after| is_punct(after, ',') || is_punct(after, ';'));
            begins && ends
        };
        self.captured_by(
            &closure.body.to_token_stream(),
            &Own::of(closure),
            &is_alone,
        )
    }

    /// Whether `tokens` contain a captured variable for which `is_wanted`, given the tokens before
    /// and after it.
    fn captured_by(
        &self,
        tokens: &TokenStream,
        own: &Own,
        is_wanted: &impl Fn(Option<&TokenTree>, Option<&TokenTree>) -> bool,
    ) -> bool {
        let tokens = list(tokens.clone());
        (0..tokens.len()).any(|at| match &tokens[at] {
            TokenTree::Ident(name) => {
                let before = at.checked_sub(1).and_then(|before| tokens.get(before));
                self.are_outside(&name.unraw().to_string(), own)
                    && !is_punct(before, '.')
                    && is_wanted(before, tokens.get(at + 1))
            }
            TokenTree::Group(group) => self.captured_by(&group.stream(), own, is_wanted),
            TokenTree::Literal(text) => {
                let text = text.to_string();
                let is_named = |name: &&String| text.contains(&format!("{{{name}"));
                let mut named = self.bound.keys().filter(is_named);
                // A format string borrows.
                let reference =
                    TokenTree::Punct(proc_macro2::Punct::new('&', proc_macro2::Spacing::Alone));
                named.any(|name| self.are_outside(name, own)) && is_wanted(Some(&reference), None)
            }
            TokenTree::Punct(_) => false,
        })
    }

    /// Whether `name` is bound outside of the closure that has `own` variables.
    fn are_outside(&self, name: &str, own: &Own) -> bool {
        let count = |locals: &Self| locals.bound.get(name).copied().unwrap_or_default();
        !own.parameters.contains(name) && count(self) > count(&own.locals)
    }
}

/// The variables of one closure.
struct Own {
    /// They hide all others of their names.
    parameters: HashSet<String>,
    locals: Locals,
}

impl Own {
    fn of(closure: &ExprClosure) -> Self {
        let mut locals = Locals::default();
        locals.find(closure.to_token_stream());
        let parameters = names(&list(closure.inputs.to_token_stream()));
        Self {
            parameters: parameters.into_iter().collect(),
            locals,
        }
    }
}

fn list(tokens: TokenStream) -> Vec<TokenTree> {
    tokens.into_iter().collect()
}

/// Returns the tokens before the first for which `is_end`; none if there is no such token.
fn until(tokens: &[TokenTree], is_end: impl Fn(&TokenTree) -> bool) -> &[TokenTree] {
    let end = tokens.iter().position(is_end);
    &tokens[..end.unwrap_or_default()]
}

/// Returns all words in `pattern`, at any depth.
fn names(pattern: &[TokenTree]) -> Vec<String> {
    let mut all = Vec::new();
    for token in pattern {
        match token {
            TokenTree::Ident(name) => all.push(Ident::unraw(name).to_string()),
            TokenTree::Group(group) => all.extend(names(&list(group.stream()))),
            _ => {}
        }
    }
    all
}

/// Whether the initializer that `tokens` begin with is an expression like `text.into()`.
fn leaves_its_type_open(tokens: &[TokenTree]) -> bool {
    let value = until(tokens, |at| is_punct(at, ';'));
    // Parsing is skipped for all but the few that can be of this form.
    let is_call = matches!(value.last(), Some(last) if is_group(last, Delimiter::Parenthesis))
        || is_punct(value.last(), '?');
    let value: TokenStream = value.iter().cloned().collect();
    is_call && syn::parse2(value).is_ok_and(|value| argument::leaves_its_type_open(&value))
}

/// Returns the parameters of the closure that `tokens` begin with, if they have no types.
fn parameters_of_closure(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    let is_modifier = |token: &&TokenTree| is_word(*token, "move") || is_word(*token, "async");
    let modifiers = tokens.iter().take_while(is_modifier).count();
    let tokens = &tokens[modifiers..];
    let parameters = is_punct(tokens.first(), '|').then(|| &tokens[1..])?;
    let parameters = until(parameters, |at| is_punct(at, '|'));
    let is_typed = parameters.iter().any(|token| is_punct(token, ':'));
    (!is_typed).then_some(parameters)
}

/// Whether `tokens` begin with `=>`.
fn is_arrow(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [a, b, ..] if is_punct(a, '=') && is_punct(b, '>'))
}

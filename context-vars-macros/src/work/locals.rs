//! The local variables of a function: those that a closure captures, and those whose type may be
//! inferred only from the call that they are given to.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Expr, ExprClosure, FnArg, Pat, Signature, Type};

use super::argument;
use crate::tokens::{is_group, is_punct, is_word};

/// The names that are bound in a function. They are found by the form of the tokens alone, so there
/// may be too many of them, but not too few.
#[derive(Clone, Default)]
pub(super) struct Locals {
    /// The number of bindings of each name.
    bound: HashMap<String, usize>,
    /// The names whose declaration does not show their type.
    untyped: HashSet<String>,
    /// The function's parameters with a type that is `Copy`.
    copied: HashSet<String>,
}

impl Locals {
    /// Finds the parameters of a function and the names that are bound in its body.
    pub(super) fn of(signature: &Signature, body: &TokenStream) -> Self {
        let mut locals = Self::default();
        for parameter in &signature.inputs {
            match parameter {
                FnArg::Receiver(_) => locals.bind_name("self"),
                FnArg::Typed(parameter) => {
                    locals.bind(&list(parameter.pat.to_token_stream()));
                    match &*parameter.pat {
                        Pat::Ident(name) if name.by_ref.is_none() && is_copied(&parameter.ty) => {
                            locals.copied.insert(name.ident.unraw().to_string());
                        }
                        _ => {}
                    }
                }
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

    /// Returns `true` if the type of the variable `path` may be inferred from a later use.
    pub(super) fn may_be_untyped(&self, path: &Expr) -> bool {
        let Expr::Path(path) = path else {
            return false;
        };
        let name = path.path.get_ident().map(ToString::to_string);
        name.is_some_and(|name| self.untyped.contains(&name))
    }

    /// Returns the variables bound outside of `closure` that it mentions, each with `true` if the
    /// closure may move it out of its environment.
    pub(super) fn captured_by(&self, closure: &ExprClosure) -> Captured {
        let mut captured = Captured::new();
        let body = closure.body.to_token_stream();
        self.find_captured(body, &Own::of(closure), false, &mut captured);
        captured
    }

    /// Adds the variables that `tokens` mention to `captured`; the tokens may be those of a block.
    fn find_captured(
        &self,
        tokens: TokenStream,
        own: &Own,
        is_block: bool,
        captured: &mut Captured,
    ) {
        let tokens = list(tokens);
        let mut own = Cow::Borrowed(own);
        let mut declared = None;
        for (at, token) in tokens.iter().enumerate() {
            let (before, after) = (tokens[..at].last(), &tokens[at + 1..]);
            match token {
                TokenTree::Ident(word) => {
                    let name = word.unraw().to_string();
                    if self.is_outside(&name, &own) && !is_punct(before, '.') {
                        let may_be_moved =
                            is_alone(before, after.first()) && !self.is_copied(&name);
                        *captured.entry(name).or_default() |= may_be_moved;
                    }
                    if is_block && word == "let" && begins_statement(before) {
                        declared = single_name(after);
                    }
                }
                TokenTree::Group(group) => {
                    let is_block = is_group(token, Delimiter::Brace) && !is_punct(before, '!');
                    self.find_captured(group.stream(), &own, is_block, captured);
                }
                // A format string borrows.
                TokenTree::Literal(text) => {
                    let text = text.to_string();
                    let is_named = |name: &&String| text.contains(&format!("{{{name}"));
                    for name in self.bound.keys().filter(is_named) {
                        if self.is_outside(name, &own) {
                            captured.entry(name.clone()).or_default();
                        }
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => {
                    if let Some(name) = declared.take() {
                        own.to_mut().hiding.insert(name);
                    }
                }
                TokenTree::Punct(_) => {}
            }
        }
    }

    /// Returns `true` if the only binding of `name` is a parameter with a type that is `Copy`.
    fn is_copied(&self, name: &str) -> bool {
        self.copied.contains(name) && self.bound.get(name) == Some(&1)
    }

    /// Returns `true` if `name` is bound outside of the closure that has `own` variables.
    fn is_outside(&self, name: &str, own: &Own) -> bool {
        let count = |locals: &Self| locals.bound.get(name).copied().unwrap_or_default();
        !own.hiding.contains(name) && count(self) > count(&own.locals)
    }
}

/// The variables that a closure captures, each with `true` if the closure may move it.
pub(super) type Captured = HashMap<String, bool>;

/// Returns `true` if a variable between these tokens may be moved: it has no `&` before it, and no
/// method, field or operator after it.
fn is_alone(before: Option<&TokenTree>, after: Option<&TokenTree>) -> bool {
    let begins = before.is_none_or(|before| {
        is_punct(before, ',') || is_punct(before, '=') || is_word(before, "return")
    });
    let ends = after.is_none_or(|after| is_punct(after, ',') || is_punct(after, ';'));
    begins && ends
}

/// Returns `true` if a `let` after `before` is that of a statement, and not that of an `if` or a
/// `while`.
fn begins_statement(before: Option<&TokenTree>) -> bool {
    before.is_none_or(|before| is_punct(before, ';') || is_group(before, Delimiter::Brace))
}

/// Returns the name that a `let` before `tokens` declares, if its pattern is only a name.
fn single_name(tokens: &[TokenTree]) -> Option<String> {
    let tokens = match tokens {
        [first, rest @ ..] if is_word(first, "mut") => rest,
        tokens => tokens,
    };
    match tokens {
        [TokenTree::Ident(name), end, ..]
            if ['=', ':', ';'].iter().any(|mark| is_punct(end, *mark)) =>
        {
            Some(name.unraw().to_string())
        }
        _ => None,
    }
}

/// The variables of one closure.
#[derive(Clone)]
struct Own {
    /// The parameters, and the variables that were declared before the current token. They shadow all
    /// others of their names.
    hiding: HashSet<String>,
    /// All variables that are bound anywhere in the closure.
    locals: Locals,
}

impl Own {
    fn of(closure: &ExprClosure) -> Self {
        let mut locals = Locals::default();
        locals.find(closure.to_token_stream());
        let parameters = names(&list(closure.inputs.to_token_stream()));
        Self {
            hiding: parameters.into_iter().collect(),
            locals,
        }
    }
}

/// Returns `true` if a type is certainly `Copy`: a shared reference, a number, a `bool` or a `char`.
fn is_copied(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => reference.mutability.is_none(),
        Type::Path(path) => path
            .path
            .get_ident()
            .is_some_and(|name| COPIED.iter().any(|copied| name == copied)),
        _ => false,
    }
}

const COPIED: &[&str] = &[
    "bool", "char", "f32", "f64", "i128", "i16", "i32", "i64", "i8", "isize", "u128", "u16", "u32",
    "u64", "u8", "usize",
];

fn list(tokens: TokenStream) -> Vec<TokenTree> {
    tokens.into_iter().collect()
}

/// Returns the tokens before the first one for which `is_end` returns `true`, or no tokens if there
/// is none.
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

/// Returns `true` if the initializer with which `tokens` begin is an expression like `text.into()`.
fn leaves_its_type_open(tokens: &[TokenTree]) -> bool {
    let value = until(tokens, |at| is_punct(at, ';'));
    // Most initializers cannot be of this form, and are not parsed.
    let is_call = matches!(value.last(), Some(last) if is_group(last, Delimiter::Parenthesis))
        || is_punct(value.last(), '?');
    let value: TokenStream = value.iter().cloned().collect();
    is_call && syn::parse2(value).is_ok_and(|value| argument::leaves_its_type_open(&value))
}

/// Returns the parameters of the closure with which `tokens` begin, if they have no types.
fn parameters_of_closure(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    let is_modifier = |token: &&TokenTree| is_word(*token, "move") || is_word(*token, "async");
    let modifiers = tokens.iter().take_while(is_modifier).count();
    let tokens = &tokens[modifiers..];
    let parameters = is_punct(tokens.first(), '|').then(|| &tokens[1..])?;
    let parameters = until(parameters, |at| is_punct(at, '|'));
    let is_typed = parameters.iter().any(|token| is_punct(token, ':'));
    (!is_typed).then_some(parameters)
}

/// Returns `true` if `tokens` begin with `=>`.
fn is_arrow(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [a, b, ..] if is_punct(a, '=') && is_punct(b, '>'))
}

//! What was meant: which arguments inherit, and how.

use std::collections::HashSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{Expr, Member};

use super::callee::CallKind;
use super::scan::{Argument, Call, Fragment};
use crate::tokens::{is_group, is_punct, is_word};

/// How an argument of a call comes to inherit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum WrapPlan {
    /// It is a closure or an `async` block, or holds one: that is rewritten.
    WorkExpr,
    /// What it is shows in its type alone.
    ByType(Reuse),
    /// It is none of the call's work.
    Nothing,
}

/// Whether a function value may be called more than once after it was wrapped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reuse {
    /// It stays `Fn` if it is.
    AsItIs,
    /// Rustc finds out only at the end of a function whether a closure in it is `Fn`. To ask
    /// earlier makes it so, which is an error for all others.
    Once,
}

/// The names that are bound in a body, by `let`, a pattern or a parameter of a closure.
pub(crate) struct LocalBindings(HashSet<String>);

impl LocalBindings {
    pub(crate) fn new(body: &TokenStream) -> Self {
        let mut names = Self(HashSet::new());
        names.find(body.clone());
        names
    }

    /// Finds by the form alone what may be bound: rather too much than too little.
    fn find(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        // Since where a match arm may have begun.
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
                word if is_word(word, "let") => {
                    self.bind_until(rest, |at| is_punct(at, '=') || is_punct(at, ';'));
                }
                word if is_word(word, "for") => {
                    self.bind_until(rest, |at| is_word(at, "in"));
                }
                token if is_punct(token, '|') => self.bind_until(rest, |at| is_punct(at, '|')),
                token if is_punct(token, ',') => arm = index + 1,
                _ if is_arrow(&tokens[index..]) => self.bind(&tokens[arm..index]),
                _ => {}
            }
        }
    }

    fn bind_until(&mut self, tokens: &[TokenTree], is_end: impl Fn(&TokenTree) -> bool) {
        let end = tokens.iter().position(is_end);
        self.bind(&tokens[..end.unwrap_or_default()]);
    }

    fn bind(&mut self, pattern: &[TokenTree]) {
        for token in pattern {
            match token {
                TokenTree::Ident(name) => {
                    self.0.insert(name.to_string());
                }
                TokenTree::Group(group) => {
                    self.bind(&group.stream().into_iter().collect::<Vec<_>>());
                }
                _ => {}
            }
        }
    }

    /// Whether `place` may be a closure that was made in the same body.
    fn may_be_local(&self, place: &Expr) -> bool {
        match place {
            Expr::Field(field) => match (&*field.base, &field.member) {
                (Expr::Path(base), Member::Named(_)) => !base.path.is_ident("self"),
                _ => true,
            },
            Expr::Path(path) => path
                .path
                .get_ident()
                .is_some_and(|name| self.0.contains(&name.to_string())),
            _ => true,
        }
    }
}

/// Whether `=>` comes next.
fn is_arrow(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [a, b, ..] if is_punct(a, '=') && is_punct(b, '>'))
}

impl Call {
    /// How each argument comes to inherit.
    pub(crate) fn carries(&self, names: &LocalBindings) -> Vec<WrapPlan> {
        let has_work = self
            .arguments
            .iter()
            .any(|(argument, _)| argument.has_work());
        let is_reference = |argument: &Argument| matches!(argument, Argument::Reference(_));
        let last = self
            .arguments
            .iter()
            .rposition(|(argument, _)| !is_reference(argument));
        let carry = |(index, (argument, _)): (usize, &(Argument, _))| match argument {
            argument if argument.has_work() => WrapPlan::WorkExpr,
            _ if has_work || self.kind != CallKind::Spawn => WrapPlan::Nothing,
            Argument::PathArg(place) => WrapPlan::ByType(self.reuse(names.may_be_local(place))),
            Argument::Returned(_) if last == Some(index) => WrapPlan::ByType(self.reuse(true)),
            _ => WrapPlan::Nothing,
        };
        self.arguments.iter().enumerate().map(carry).collect()
    }

    fn reuse(&self, may_be_local: bool) -> Reuse {
        // What is broadcast must be `Fn` anyway.
        if may_be_local && !self.name.to_string().contains("broadcast") {
            Reuse::Once
        } else {
            Reuse::AsItIs
        }
    }
}

impl Argument {
    fn has_work(&self) -> bool {
        matches!(self, Argument::WorkExpr(_) | Argument::Wrapper(_))
    }

    fn fragments(&self) -> &[Fragment] {
        match self {
            Argument::WorkExpr(work_expr) => &work_expr.body,
            Argument::Wrapper(wrapper) => wrapper.inside.fragments(),
            Argument::PathArg(_) => &[],
            Argument::Returned(fragments)
            | Argument::Reference(fragments)
            | Argument::Other(fragments) => fragments,
        }
    }
}

/// Whether anything in `fragments` carries a context.
pub(crate) fn wraps_anything(fragments: &[Fragment], names: &LocalBindings) -> bool {
    fragments.iter().any(|fragment| match fragment {
        Fragment::Token(_) => false,
        Fragment::Group(_, inside) => wraps_anything(inside, names),
        Fragment::WorkExpr(_) => true,
        Fragment::Call(call) => {
            call.carries(names)
                .iter()
                .any(|carry| *carry != WrapPlan::Nothing)
                || call
                    .arguments
                    .iter()
                    .any(|(argument, _)| wraps_anything(argument.fragments(), names))
        }
    })
}

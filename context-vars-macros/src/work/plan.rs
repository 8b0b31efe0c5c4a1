//! The plan for a body: a tree of fragments in which each argument of a call already says how it
//! comes to inherit. `scan` builds it, `rewrite` only writes it out.

use std::collections::HashSet;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Expr, ExprAsync, ExprClosure, Member, Token};

use super::argument::Wrapper;
use super::callee::{CallKind, Callee};
use super::marks::Start;
use crate::tokens::{is_group, is_punct, is_word};

/// A part of a body.
#[derive(Clone)]
pub(crate) enum Fragment {
    /// A token that stays as it is, which may be a whole group.
    Token(TokenTree),
    /// Parentheses, brackets or braces, with the fragments inside.
    Group(Group, Vec<Fragment>),
    /// A marked closure or `async` block.
    WorkExpr(WorkExpr),
    Call(Call),
}

/// A closure or an `async` block, and the context in which it starts.
#[derive(Clone)]
pub(crate) struct WorkExpr {
    pub(super) start: Start,
    pub(super) kind: WorkExprKind,
    /// Replaces the body of the closure or block in `kind`.
    pub(super) body: Vec<Fragment>,
}

#[derive(Clone)]
pub(crate) enum WorkExprKind {
    Closure(Box<ExprClosure>),
    Async(Box<ExprAsync>),
}

/// A call that runs work elsewhere.
#[derive(Clone)]
pub(crate) struct Call {
    /// `std::thread::spawn`, or the name of the method.
    pub(super) callee: Vec<TokenTree>,
    pub(super) parentheses: Group,
    pub(super) arguments: Vec<(WrapPlan, Option<Token![,]>)>,
}

/// How an argument of a call comes to inherit.
#[derive(Clone)]
pub(crate) enum WrapPlan {
    /// By its form: it is a closure or an `async` block, inside of wrappers, outermost first.
    WorkExpr(Vec<Wrapper>, WorkExpr),
    /// By its type, which is asked at run time: a variable, a field or a function.
    PathArg(Expr, Reuse),
    /// By its type: what a call returns.
    Returned(Vec<Fragment>, Reuse),
    /// Not at all.
    Unwrapped(Vec<Fragment>),
}

/// Whether a function value may be called more than once after it was wrapped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reuse {
    /// It stays `Fn` if it is.
    AsItIs,
    /// Rustc infers only at the end of a function whether a closure in it is `Fn`. Asking earlier
    /// makes it `Fn`, which is an error if it is not.
    Once,
}

/// An argument of a call, by the form in which it is written.
pub(super) enum Argument {
    WorkExpr(Vec<Wrapper>, WorkExpr),
    /// `name`, `path::to::function`, `self.field`.
    PathArg(Expr),
    /// A call or the like, which can be asked for its type.
    Returned(Vec<Fragment>),
    Reference(Vec<Fragment>),
    Other(Vec<Fragment>),
}

impl Call {
    /// Decides for each argument of a call how it comes to inherit.
    ///
    /// A call with a closure or an `async` block has its work there. In other spawn calls, work is
    /// recognised by its type. What a call returns is asked only where it is the last argument,
    /// references apart, because work comes last.
    pub(super) fn plan(
        callee: &Callee,
        kind: CallKind,
        parentheses: Group,
        arguments: Vec<(Argument, Option<Token![,]>)>,
        bindings: &LocalBindings,
    ) -> Self {
        let is_work = |(argument, _): &_| matches!(argument, Argument::WorkExpr(..));
        let by_type = kind == CallKind::Spawn && !arguments.iter().any(is_work);
        let last = arguments
            .iter()
            .rposition(|(argument, _)| !matches!(argument, Argument::Reference(_)));
        let plan = |(index, (argument, comma))| {
            let plan = match argument {
                Argument::WorkExpr(wrappers, work) => WrapPlan::WorkExpr(wrappers, work),
                Argument::PathArg(path) if by_type => {
                    let reuse = Reuse::of(callee, bindings.may_be_local(&path));
                    WrapPlan::PathArg(path, reuse)
                }
                Argument::Returned(value) if by_type && last == Some(index) => {
                    WrapPlan::Returned(value, Reuse::of(callee, true))
                }
                Argument::PathArg(path) => WrapPlan::Unwrapped(verbatim(path.into_token_stream())),
                Argument::Returned(value) | Argument::Reference(value) | Argument::Other(value) => {
                    WrapPlan::Unwrapped(value)
                }
            };
            (plan, comma)
        };
        Self {
            callee: callee.tokens.to_vec(),
            parentheses,
            arguments: arguments.into_iter().enumerate().map(plan).collect(),
        }
    }
}

impl Reuse {
    fn of(callee: &Callee, may_be_local: bool) -> Self {
        // What is broadcast must be `Fn` anyway.
        if may_be_local && !callee.last.to_string().contains("broadcast") {
            Self::Once
        } else {
            Self::AsItIs
        }
    }
}

/// The tokens as fragments that stay as they are.
pub(crate) fn verbatim(tokens: TokenStream) -> Vec<Fragment> {
    tokens.into_iter().map(Fragment::Token).collect()
}

/// Whether anything in `fragments` is wrapped.
pub(crate) fn wraps_anything(fragments: &[Fragment]) -> bool {
    let wraps = |plan: &WrapPlan| match plan {
        WrapPlan::Unwrapped(fragments) => wraps_anything(fragments),
        _ => true,
    };
    fragments.iter().any(|fragment| match fragment {
        Fragment::Token(_) => false,
        Fragment::Group(_, inside) => wraps_anything(inside),
        Fragment::WorkExpr(_) => true,
        Fragment::Call(call) => call.arguments.iter().any(|(plan, _)| wraps(plan)),
    })
}

/// The names that are bound in a body, by `let`, a pattern or a parameter of a closure.
pub(super) struct LocalBindings(HashSet<String>);

impl LocalBindings {
    pub(super) fn new(body: &TokenStream) -> Self {
        let mut bindings = Self(HashSet::new());
        bindings.find(body.clone());
        bindings
    }

    /// Finds by the form alone what may be bound: rather too much than too little.
    fn find(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
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
                word if is_word(word, "let") => {
                    self.bind_until(rest, |at| is_punct(at, '=') || is_punct(at, ';'));
                }
                word if is_word(word, "for") => self.bind_until(rest, |at| is_word(at, "in")),
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

    /// Whether `path` may be a closure that was made in the same body.
    fn may_be_local(&self, path: &Expr) -> bool {
        match path {
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

/// Whether `tokens` begin with `=>`.
fn is_arrow(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [a, b, ..] if is_punct(a, '=') && is_punct(b, '>'))
}

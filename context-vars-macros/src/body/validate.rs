//! What was meant: which arguments inherit, and how.

use std::collections::HashMap;

use proc_macro2::{TokenStream, TokenTree};
use syn::{Expr, Member};

use super::parse::{Argument, Call, CallKind, Piece};

/// How an argument of a call comes to inherit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carry {
    /// It is a closure or an `async` block, or holds one: that is rewritten.
    Literal,
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

/// What can be known about the names in a body.
pub(crate) struct Names(HashMap<String, usize>);

impl Names {
    /// Counts the names in a body that are not called there.
    pub(crate) fn new(body: &TokenStream) -> Self {
        let mut names = Self(HashMap::new());
        names.count(body.clone());
        names
    }

    fn count(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => self.count(group.stream()),
                TokenTree::Ident(_) if index.checked_sub(1).is_some_and(|i| is_dot(&tokens[i])) => {
                }
                TokenTree::Ident(name) if !is_called(tokens.get(index + 1)) => {
                    *self.0.entry(name.to_string()).or_default() += 1;
                }
                _ => {}
            }
        }
    }

    /// Whether `place` may be a closure that was made in the same body.
    ///
    /// A name that occurs once is not bound there: it is a parameter or an item.
    fn may_be_local(&self, place: &Expr) -> bool {
        match place {
            Expr::Field(field) => match (&*field.base, &field.member) {
                (Expr::Path(base), Member::Named(_)) => !base.path.is_ident("self"),
                _ => true,
            },
            Expr::Path(path) => path
                .path
                .get_ident()
                .is_some_and(|name| self.0.get(&name.to_string()).copied().unwrap_or_default() > 1),
            _ => true,
        }
    }
}

fn is_dot(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == '.')
}

fn is_called(next: Option<&TokenTree>) -> bool {
    match next {
        Some(TokenTree::Group(group)) => group.delimiter() == proc_macro2::Delimiter::Parenthesis,
        Some(TokenTree::Punct(punct)) => punct.as_char() == '!',
        _ => false,
    }
}

impl Call {
    /// How each argument comes to inherit.
    pub(crate) fn carries(&self, names: &Names) -> Vec<Carry> {
        let has_literal = self
            .arguments
            .iter()
            .any(|(argument, _)| argument.has_literal());
        let is_reference = |argument: &Argument| matches!(argument, Argument::Reference(_));
        let last = self
            .arguments
            .iter()
            .rposition(|(argument, _)| !is_reference(argument));
        let carry = |(index, (argument, _)): (usize, &(Argument, _))| match argument {
            argument if argument.has_literal() => Carry::Literal,
            _ if has_literal || self.kind == CallKind::Pool => Carry::Nothing,
            Argument::Place(place) => Carry::ByType(self.reuse(names.may_be_local(place))),
            Argument::Returned(_) if last == Some(index) => Carry::ByType(self.reuse(true)),
            _ => Carry::Nothing,
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
    fn has_literal(&self) -> bool {
        matches!(self, Argument::Literal(_) | Argument::Around(_))
    }

    fn pieces(&self) -> &[Piece] {
        match self {
            Argument::Literal(literal) => &literal.body,
            Argument::Around(around) => around.inside.pieces(),
            Argument::Place(_) => &[],
            Argument::Returned(pieces) | Argument::Reference(pieces) | Argument::Other(pieces) => {
                pieces
            }
        }
    }
}

/// Whether anything in `pieces` carries a context.
pub(crate) fn carries_anything(pieces: &[Piece], names: &Names) -> bool {
    pieces.iter().any(|piece| match piece {
        Piece::Token(_) => false,
        Piece::Group(_, inside) => carries_anything(inside, names),
        Piece::Literal(_) => true,
        Piece::Call(call) => {
            call.carries(names)
                .iter()
                .any(|carry| *carry != Carry::Nothing)
                || call
                    .arguments
                    .iter()
                    .any(|(argument, _)| carries_anything(argument.pieces(), names))
        }
    })
}

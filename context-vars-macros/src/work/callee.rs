//! The function or method that is called. Its name alone shows whether it runs work elsewhere.

use proc_macro2::{Delimiter, Group, Ident, TokenTree};
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::{Expr, Token};

use crate::tokens::{angle_brackets, is_group, is_punct};

/// The way in which a call runs the work that it is given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallKind {
    /// Its last name is `spawn` or begins with `spawn_`.
    Spawn,
    /// It runs closures on the threads of a pool and waits for them, as `rayon::join` does.
    Pool,
}

/// The names of the spawn functions of well-known crates.
const WORK_ONLY: &[&str] = &[
    "spawn",
    "spawn_blocking",
    "spawn_blocking_on",
    "spawn_broadcast",
    "spawn_fifo",
    "spawn_local",
    "spawn_local_with_handle",
    "spawn_local_on",
    "spawn_on",
    "spawn_pinned",
    "spawn_scoped",
    "spawn_with_handle",
];

/// The functions of rayon that call each closure at most once.
const POOL_ONCE: &[&str] = &["install", "join", "join_context", "scope", "scope_fifo"];

/// The functions that call a closure once on each thread.
const CALLS_MANY: &[&str] = &["spawn_broadcast"];

/// A path, or the name of a method, with everything up to the arguments.
pub(super) struct Callee<'a> {
    first: Ident,
    pub(super) last: Ident,
    pub(super) is_method: bool,
    /// The tokens of the path, `::<…>` included.
    pub(super) tokens: &'a [TokenTree],
}

impl<'a> Callee<'a> {
    /// Reads the path, or the path in parentheses, with which `rest` begins.
    pub(super) fn scan(before: Option<&TokenTree>, rest: &'a [TokenTree]) -> Option<Self> {
        match &rest[0] {
            TokenTree::Ident(first) => Some(Self::path(before, first, rest)),
            TokenTree::Group(group) => Self::parentheses(before, group, rest),
            _ => None,
        }
    }

    fn path(before: Option<&TokenTree>, first: &Ident, rest: &'a [TokenTree]) -> Self {
        let mut last = first;
        let mut length = 1;
        while is_punct(rest.get(length), ':') && is_punct(rest.get(length + 1), ':') {
            match rest.get(length + 2) {
                Some(TokenTree::Ident(segment)) => {
                    last = segment;
                    length += 3;
                }
                open if is_punct(open, '<') => {
                    length += 2 + angle_brackets(&rest[length + 2..]);
                }
                _ => break,
            }
        }
        let is_method = is_punct(before, '.');
        Self {
            first: first.clone(),
            last: last.clone(),
            is_method,
            tokens: &rest[..length],
        }
    }

    /// Reads `(path)` if the path is called.
    fn parentheses(
        before: Option<&TokenTree>,
        group: &Group,
        rest: &'a [TokenTree],
    ) -> Option<Self> {
        // `make(spawn)(job)` calls the result of `make`, and not `spawn`.
        let is_called = match before {
            Some(TokenTree::Ident(word)) => syn::parse_str::<Ident>(&word.to_string()).is_ok(),
            Some(TokenTree::Group(_)) => !is_group(before, Delimiter::Brace),
            _ => false,
        };
        if is_called || group.delimiter() != Delimiter::Parenthesis {
            return None;
        }
        let inside: Vec<TokenTree> = group.stream().into_iter().collect();
        let is_part = |token: &TokenTree| match token {
            TokenTree::Ident(_) => true,
            token => is_punct(token, ':') || is_punct(token, '.'),
        };
        match (inside.first()?, inside.last()?) {
            (TokenTree::Group(inner), _) if inside.len() == 1 => {
                Self::parentheses(None, inner, rest)
            }
            (TokenTree::Ident(first), TokenTree::Ident(last)) if inside.iter().all(is_part) => {
                Some(Self {
                    first: first.clone(),
                    last: last.clone(),
                    is_method: false,
                    tokens: &rest[..1],
                })
            }
            _ => None,
        }
    }

    /// Returns the way in which a call runs work, or `None` if it runs no work elsewhere.
    pub(super) fn kind(&self) -> Option<CallKind> {
        let name = self.last.unraw().to_string();
        if name == "spawn" || name.starts_with("spawn_") {
            return Some(CallKind::Spawn);
        }
        let is_pool = if self.is_method {
            name == "install"
        } else {
            let is_of_rayon = self.first == "rayon" && self.tokens.len() > 1;
            // `in_place_scope` runs its closure on the calling thread.
            is_of_rayon && !name.starts_with("in_place_")
        };
        is_pool.then_some(CallKind::Pool)
    }

    /// Returns `true` if this accepts nothing but work, so that no argument is a plain value.
    pub(super) fn takes_only_work(&self) -> bool {
        WORK_ONLY.contains(&self.last.unraw().to_string().as_str())
    }

    /// Returns `true` if this is known to call each closure at most once.
    pub(super) fn calls_once(&self) -> bool {
        let name = self.last.unraw().to_string();
        let is_pool = self.kind() == Some(CallKind::Pool) && POOL_ONCE.contains(&name.as_str());
        is_pool || (self.takes_only_work() && !CALLS_MANY.contains(&name.as_str()))
    }

    /// Returns the index of the argument that is the work, if the call takes nothing else but the
    /// place where it runs. The work is the last argument, apart from references and the place in
    /// `spawn_on`.
    pub(super) fn position_of_work(
        &self,
        arguments: &Punctuated<Expr, Token![,]>,
    ) -> Option<usize> {
        let is_reference = |argument: &Expr| matches!(argument, Expr::Reference(_));
        let last = arguments
            .iter()
            .rposition(|argument| !is_reference(argument))?;
        let is_place =
            last > 0 && last + 1 == arguments.len() && self.last.to_string().ends_with("_on");
        Some(if is_place { last - 1 } else { last })
    }

    /// Returns the arguments, if this is called with any.
    pub(super) fn arguments<'b>(&self, rest: &'b [TokenTree]) -> Option<&'b Group> {
        match rest.get(self.tokens.len()) {
            Some(TokenTree::Group(group))
                if group.delimiter() == Delimiter::Parenthesis && !group.stream().is_empty() =>
            {
                Some(group)
            }
            _ => None,
        }
    }
}

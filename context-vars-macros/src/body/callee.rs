//! What is called: by its names alone one can see whether it runs work elsewhere.

use proc_macro2::{Delimiter, Group, Ident, TokenTree};

/// What a call does with the work that it is given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallKind {
    /// Its last name is `spawn` or begins with `spawn_`.
    Spawn,
    /// It runs closures on the threads of a pool and waits for them, as `rayon::join` does.
    Pool,
}

/// A path, or the name of a method, with all that stands between it and the arguments.
pub(super) struct Callee<'a> {
    pub(super) first: &'a Ident,
    pub(super) last: &'a Ident,
    is_method: bool,
    /// The tokens of the path, `::<…>` included.
    pub(super) tokens: &'a [TokenTree],
}

impl<'a> Callee<'a> {
    /// Reads the path that begins with the identifier `first`, the first of `rest`.
    pub(super) fn scan(
        before: Option<&TokenTree>,
        first: &'a Ident,
        rest: &'a [TokenTree],
    ) -> Self {
        let mut last = first;
        let mut length = 1;
        while is_punct(rest.get(length), ':') && is_punct(rest.get(length + 1), ':') {
            match rest.get(length + 2) {
                Some(TokenTree::Ident(segment)) => {
                    last = segment;
                    length += 3;
                }
                Some(TokenTree::Punct(open)) if open.as_char() == '<' => {
                    length += 2 + angle_brackets(&rest[length + 2..]);
                }
                _ => break,
            }
        }
        let is_method = is_punct(before, '.');
        Self {
            first,
            last,
            is_method,
            tokens: &rest[..length],
        }
    }

    /// What a call does, if it is of interest.
    pub(super) fn kind(&self) -> Option<CallKind> {
        let name = self.last.to_string();
        let is_pool = if self.is_method {
            matches!(name.as_str(), "install" | "join" | "broadcast")
        } else {
            self.first == "rayon" && self.tokens.len() > 1
        };
        if name == "spawn" || name.starts_with("spawn_") {
            Some(CallKind::Spawn)
        } else {
            is_pool.then_some(CallKind::Pool)
        }
    }

    /// The arguments of the call, if it is one and has some.
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

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

/// How many tokens `<…>` has, at the beginning of `tokens`.
fn angle_brackets(tokens: &[TokenTree]) -> usize {
    let mut depth = 0_usize;
    let mut before = ' ';
    for (index, token) in tokens.iter().enumerate() {
        let TokenTree::Punct(punct) = token else {
            before = ' ';
            continue;
        };
        match punct.as_char() {
            '<' => depth += 1,
            // Not that of `->` and `=>`.
            '>' if before != '-' && before != '=' => depth -= 1,
            _ => {}
        }
        before = punct.as_char();
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}

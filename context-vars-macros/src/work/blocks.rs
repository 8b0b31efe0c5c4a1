//! The blocks around a token, and the variables that generated code declares at their beginning.

use proc_macro2::{Delimiter, Group, TokenTree};
use syn::Block;
use syn::parse::Parser;

use super::plan::ContextVariable;
use crate::tokens::is_punct;

/// The groups around the token that is being scanned, outermost first.
#[derive(Default)]
pub(super) struct Blocks {
    levels: Vec<Level>,
    /// The number of variables so far.
    count: usize,
}

struct Level {
    kind: LevelKind,
    /// The variables that are declared at its beginning.
    variables: Vec<ContextVariable>,
    /// `true` if there was a `|` since the last `;`, so that this may be the body of a closure.
    may_be_in_closure: bool,
}

enum LevelKind {
    /// The body of the function.
    Body,
    /// The body of a closure or `async` block that is rewritten.
    Work,
    /// The tokens of a macro.
    Macro,
    /// Another group: a block if it is in braces and can be parsed as one.
    Group(Group),
}

impl Blocks {
    pub(super) fn enter_body(&mut self) {
        self.push(LevelKind::Body);
    }

    pub(super) fn enter_work(&mut self) {
        self.push(LevelKind::Work);
    }

    /// Enters `group`, which comes after `before`.
    pub(super) fn enter(&mut self, before: &[TokenTree], group: &Group) {
        let is_macro = match before {
            [.., bang, TokenTree::Ident(_)] if is_punct(bang, '!') => true,
            [.., TokenTree::Ident(_), bang] => is_punct(bang, '!'),
            _ => false,
        };
        self.push(if is_macro {
            LevelKind::Macro
        } else {
            LevelKind::Group(group.clone())
        });
    }

    fn push(&mut self, kind: LevelKind) {
        self.levels.push(Level {
            kind,
            variables: Vec::new(),
            may_be_in_closure: false,
        });
    }

    /// Leaves what was entered last and returns the variables that it declares.
    pub(super) fn leave(&mut self) -> Vec<ContextVariable> {
        self.levels
            .pop()
            .map(|level| level.variables)
            .unwrap_or_default()
    }

    /// Takes note of a token in the current group.
    pub(super) fn pass(&mut self, token: &TokenTree) {
        if let Some(level) = self.levels.last_mut() {
            level.may_be_in_closure |= is_punct(token, '|');
            level.may_be_in_closure &= !is_punct(token, ';');
        }
    }

    pub(super) fn is_in_macro(&self) -> bool {
        let is_macro = |level: &Level| matches!(level.kind, LevelKind::Macro);
        self.levels.iter().any(is_macro)
    }

    /// Declares a variable at the beginning of the innermost block, if that is certainly a part of
    /// the same function or closure as the current token.
    pub(super) fn variable(&mut self) -> Option<ContextVariable> {
        for level in self.levels.iter_mut().rev() {
            if level.may_be_in_closure || matches!(level.kind, LevelKind::Work) {
                return None;
            }
            if level.is_block() {
                let variable = ContextVariable::next(&mut self.count);
                level.variables.push(variable);
                return Some(variable);
            }
        }
        None
    }

    /// Returns a variable that is declared by a block around the current call.
    pub(super) fn variable_of_call(&mut self) -> ContextVariable {
        ContextVariable::next(&mut self.count)
    }
}

impl Level {
    fn is_block(&self) -> bool {
        match &self.kind {
            LevelKind::Body => true,
            LevelKind::Group(group) => {
                group.delimiter() == Delimiter::Brace
                    && Block::parse_within.parse2(group.stream()).is_ok()
            }
            LevelKind::Work | LevelKind::Macro => false,
        }
    }
}

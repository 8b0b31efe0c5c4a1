//! Marks: `#[inherit_context]` and `#[detach_context]` on a closure or an `async` block.

use proc_macro2::{Ident, TokenTree};
use syn::{Attribute, Meta};

use crate::error::Errors;

/// The context in which a closure or an `async` block starts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// A copy of the one that is current where the closure or block is written.
    Inherited,
    /// An empty one.
    Empty,
}

/// A mark, with the name under which it was written.
pub(super) struct Mark {
    pub(super) start: Start,
    name: Ident,
}

impl Mark {
    fn new(name: &Ident) -> Option<Self> {
        let start = match name.to_string().as_str() {
            "inherit_context" => Start::Inherited,
            "detach_context" => Start::Empty,
            _ => return None,
        };
        Some(Self {
            start,
            name: name.clone(),
        })
    }

    /// Reports that the mark is on something else.
    pub(super) fn refuse(&self, errors: &mut Errors) {
        let message = format!(
            "`#[{}]` marks a closure or an `async` block: write it right before one",
            self.name
        );
        errors.push(self.name.span(), message);
    }
}

/// Takes the marks out of `attributes`; the first one counts.
pub(super) fn take(attributes: &mut Vec<Attribute>, errors: &mut Errors) -> Option<Mark> {
    let mut found: Option<Mark> = None;
    attributes.retain(|attribute| {
        if is_conditional(attribute, errors) || is_scope(attribute, errors) {
            return false;
        }
        let last = attribute.path().segments.last();
        let Some(mark) = last.and_then(|last| Mark::new(&last.ident)) else {
            return true;
        };
        if !matches!(attribute.meta, Meta::Path(_)) {
            let message = format!(
                "`#[{0}]` takes no arguments here: write `#[{0}]`",
                mark.name
            );
            errors.push_at(&attribute.meta, message);
        }
        match &found {
            None => found = Some(mark),
            Some(first) => {
                let message = if mark.name == first.name {
                    format!("`#[{}]` is given twice: keep one of the two", mark.name)
                } else {
                    format!(
                        "`#[{}]` stands beside `#[{}]`: keep one of the two",
                        mark.name, first.name
                    )
                };
                errors.push(mark.name.span(), message);
            }
        }
        false
    });
    found
}

/// Reports `#[with_context]`, which is only for functions.
fn is_scope(attribute: &Attribute, errors: &mut Errors) -> bool {
    let last = attribute.path().segments.last();
    let Some(last) = last.filter(|last| last.ident == "with_context") else {
        return false;
    };
    let message = "`#[with_context]` stands on an expression: set the variable with \
                   `VAR.scope(value, future)` or `VAR.sync_scope(value, closure)`";
    errors.push(last.ident.span(), message);
    true
}

/// Reports a mark in `cfg_attr`, whose condition is unknown while the function is expanded.
fn is_conditional(attribute: &Attribute, errors: &mut Errors) -> bool {
    let Meta::List(list) = &attribute.meta else {
        return false;
    };
    if !attribute.path().is_ident("cfg_attr") {
        return false;
    }
    let mark = list
        .tokens
        .clone()
        .into_iter()
        .find_map(|token| match token {
            TokenTree::Ident(ident) => Mark::new(&ident),
            _ => None,
        });
    let Some(mark) = mark else {
        return false;
    };
    let message = format!(
        "`#[{0}]` cannot stand in `cfg_attr`: write `#[{0}]` alone, or the statement twice, each with `#[cfg(…)]`",
        mark.name
    );
    errors.push(mark.name.span(), message);
    true
}

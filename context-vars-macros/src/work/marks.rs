//! Marks: `#[inherit_context]` and `#[detach_context]` on a closure or an `async` block.

use proc_macro2::{Ident, TokenTree};
use syn::{Attribute, Meta};

use crate::error::Errors;
use crate::source_text;

/// The context in which a closure or an `async` block starts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// A copy of the context that is current where the closure or block is written.
    Inherited,
    /// An empty context.
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
            "`#[{}]` can only be applied to a closure or an `async` block",
            self.name
        );
        let help = "put it directly before `||`, `move ||` or `async {`";
        errors.push(&self.name, message, help);
    }

    /// Reports that the closure or the `async` block after the mark cannot be read.
    pub(super) fn refuse_malformed(&self, error: &syn::Error, errors: &mut Errors) {
        let message = format!(
            "cannot parse the closure or `async` block that `#[{}]` marks: {error}",
            self.name
        );
        errors.push(error.span(), message, "complete the expression");
    }

    /// Reports the arguments of the mark, in parentheses or after `=`.
    fn refuse_arguments(&self, meta: &Meta, errors: &mut Errors) {
        if !matches!(meta, Meta::Path(_)) {
            let message = format!("`#[{}]` cannot be given arguments here", self.name);
            let help = format!("remove them: `#[{}]`", self.name);
            errors.push(meta, message, help);
        }
    }

    /// Reports this mark beside the `first` one.
    fn refuse_second(&self, first: &Self, errors: &mut Errors) {
        let Self { start, name } = self;
        if *start == first.start {
            let message = format!("duplicate attribute `#[{name}]`");
            errors.push(name, message, "remove one of the two");
            return;
        }
        let message = format!("conflicting attributes `#[{}]` and `#[{name}]`", first.name);
        let help =
            "keep `#[inherit_context]` to pass the context on, or `#[detach_context]` not to";
        errors.push(name, message, help);
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
        mark.refuse_arguments(&attribute.meta, errors);
        match &found {
            None => found = Some(mark),
            Some(first) => mark.refuse_second(first, errors),
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
    let help =
        "set the variable with `VAR.scope(value, future)` or `VAR.sync_scope(value, closure)`";
    errors.push(
        &last.ident,
        "`#[with_context]` cannot be applied to an expression",
        help,
    );
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
    let (condition, opposite) = source_text::conditions(list.tokens.clone());
    let message = format!("`#[{}]` cannot be applied by `cfg_attr`", mark.name);
    let help = format!(
        "write the statement twice, with `#[cfg({condition})]` and with `#[cfg({opposite})]`"
    );
    errors.push(&mark.name, message, help);
    true
}

//! Marks: `#[inherit_context]` and `#[detach_context]` on a closure or an `async` block.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::Parser;
use syn::{Attribute, Meta};

use crate::error::Errors;

/// In what context a closure or an `async` block runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// In a copy of the one that is current where it stands.
    Inherits,
    /// In an empty one.
    IsDetached,
}

/// A mark, by the name with which it was written.
pub(super) struct Mark {
    pub(super) work: Work,
    name: Ident,
}

impl Mark {
    fn new(name: &Ident) -> Option<Self> {
        let work = match name.to_string().as_str() {
            "inherit_context" => Work::Inherits,
            "detach_context" => Work::IsDetached,
            _ => return None,
        };
        Some(Self {
            work,
            name: name.clone(),
        })
    }

    /// Reports that the mark stands on something else.
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
        if is_conditional(attribute, errors) {
            return false;
        }
        if is_scope(attribute, errors) {
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

/// Reports `#[with_context]`, which is for functions alone.
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

/// Reports a mark inside of `cfg_attr`, whose condition nobody knows who expands the function.
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

/// How many of `tokens` are outer attributes, two for each.
pub(super) fn count_attributes(tokens: &[TokenTree]) -> usize {
    let is_attribute = |pair: &[TokenTree]| match pair {
        [TokenTree::Punct(hash), TokenTree::Group(group)] => {
            hash.as_char() == '#' && group.delimiter() == Delimiter::Bracket
        }
        _ => false,
    };
    2 * tokens
        .chunks(2)
        .take_while(|pair| is_attribute(pair))
        .count()
}

fn word(token: Option<&TokenTree>) -> String {
    match token {
        Some(TokenTree::Ident(ident)) => ident.to_string(),
        _ => String::new(),
    }
}

fn is_group(token: Option<&TokenTree>, delimiter: Delimiter) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.delimiter() == delimiter)
}

/// Whether an item begins here, whose attributes are its own.
pub(super) fn is_item(tokens: &[TokenTree]) -> bool {
    let next = word(tokens.get(1));
    match word(tokens.first()).as_str() {
        "fn" | "pub" | "extern" | "struct" | "enum" | "trait" | "impl" | "mod" | "type" | "use"
        | "macro_rules" => true,
        "unsafe" => !is_group(tokens.get(1), Delimiter::Brace),
        "async" => matches!(next.as_str(), "fn" | "unsafe" | "extern"),
        "const" | "static" | "union" => !matches!(next.as_str(), "" | "move" | "async"),
        _ => false,
    }
}

pub(super) fn begins_async_block(tokens: &[TokenTree]) -> bool {
    let brace = if word(tokens.get(1)) == "move" { 2 } else { 1 };
    word(tokens.first()) == "async" && is_group(tokens.get(brace), Delimiter::Brace)
}

/// How many tokens a function has that begins here, 0 if none does.
///
/// ```text
/// fn name<T: Fn(A) -> B>(a: A) -> [B; { 1 }] where T: X { … }
/// ```
pub(crate) fn nested_function(tokens: &[TokenTree]) -> usize {
    if word(tokens.first()) != "fn" || word(tokens.get(1)).is_empty() {
        return 0;
    }
    let is_end = |token: &TokenTree| match token {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        token => is_group(Some(token), Delimiter::Brace),
    };
    let mut at = 0;
    while let Some(found) = tokens[at..].iter().position(is_end) {
        at += found + 1;
        // `{ 1 }` as an argument of a type in the result is followed by the rest of the type.
        let goes_on =
            matches!(tokens.get(at), Some(TokenTree::Punct(p)) if matches!(p.as_char(), '>' | ','));
        if !goes_on {
            return at;
        }
    }
    tokens.len()
}

/// The same tokens without marks: for a function of which an error was reported, since rustc
/// knows no attribute on an expression.
pub(crate) fn strip(tokens: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut output = TokenStream::new();
    let mut at = 0;
    while at < tokens.len() {
        let count = count_attributes(&tokens[at..]);
        if count > 0 && !is_item(&tokens[at + count..]) {
            output.extend(without_marks(&tokens[at..at + count]));
            at += count;
            continue;
        }
        match &tokens[at] {
            TokenTree::Group(group) => output.extend([regroup(group, strip(group.stream()))]),
            token => output.extend([token.clone()]),
        }
        at += 1;
    }
    output
}

fn without_marks(attributes: &[TokenTree]) -> TokenStream {
    let written: TokenStream = attributes.iter().cloned().collect();
    match Attribute::parse_outer.parse2(written.clone()) {
        Ok(mut attributes) => {
            take(&mut attributes, &mut Errors::default());
            attributes.iter().map(ToTokens::to_token_stream).collect()
        }
        Err(_) => written,
    }
}

/// The same parentheses, brackets or braces around something else.
pub(crate) fn regroup(group: &Group, inside: TokenStream) -> TokenTree {
    let mut other = Group::new(group.delimiter(), inside);
    other.set_span(group.span());
    TokenTree::Group(other)
}

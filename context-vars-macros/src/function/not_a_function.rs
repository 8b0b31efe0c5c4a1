//! An item or expression that is not a function, on which an attribute was written.

use std::fmt::{self, Display, Formatter};

use proc_macro2::{Ident, Span, TokenTree};
use syn::Token;
use syn::ext::IdentExt;
use syn::parse::ParseStream;

use crate::attribute::Attribute;
use crate::error::mistake;
use crate::source_text;

/// The kind of item or expression; displays as a noun.
pub(crate) enum NotAFunction {
    Closure,
    AsyncBlock,
    /// An item that contains functions, by its keyword.
    Container(&'static str),
    /// Another item or a `let`, by its keyword.
    Item(&'static str),
    MacroCall(Ident),
    Unknown,
}

const CONTAINERS: &[&str] = &["trait", "impl", "mod"];
const ITEMS: &[&str] = &[
    "struct", "enum", "union", "static", "const", "type", "use", "let",
];

impl NotAFunction {
    /// Returns the kind of item or expression with which `input` begins, or `None` for a function.
    pub(crate) fn peek(input: ParseStream) -> Option<Self> {
        let ahead = input.fork();
        let mut modifiers = 0;
        loop {
            if ahead.peek(Token![fn]) {
                return None;
            }
            let is_modifier = ahead.peek(Token![const])
                || ahead.peek(Token![async])
                || ahead.peek(Token![unsafe])
                || ahead.peek(Token![extern])
                || (modifiers > 0 && ahead.peek(syn::LitStr));
            if !is_modifier || ahead.parse::<TokenTree>().is_err() {
                return Some(Self::new(input, &ahead));
            }
            modifiers += 1;
        }
    }

    /// Classifies the item or expression at `start`; `ahead` is the position after its modifiers.
    fn new(start: ParseStream, ahead: ParseStream) -> Self {
        let is_closure = |input: ParseStream| {
            input.peek(Token![|])
                || input.peek(Token![||])
                || input.peek(Token![move]) && !input.peek2(syn::token::Brace)
        };
        if is_closure(start) || is_closure(ahead) {
            return Self::Closure;
        }
        if start.peek(Token![async]) && !ahead.peek(syn::Ident) {
            return Self::AsyncBlock;
        }
        if start.peek(Token![const]) && ahead.peek(syn::Ident) {
            return Self::Item("const");
        }
        let Ok(word) = ahead.fork().call(Ident::parse_any) else {
            return Self::Unknown;
        };
        let find = |keywords: &[&'static str]| keywords.iter().copied().find(|item| word == item);
        if let Some(keyword) = find(CONTAINERS) {
            return Self::Container(keyword);
        }
        match find(ITEMS) {
            Some(keyword) => Self::Item(keyword),
            None if ahead.peek2(Token![!]) => Self::MacroCall(word),
            None => Self::Unknown,
        }
    }

    pub(crate) fn is_expression(&self) -> bool {
        matches!(self, Self::Closure | Self::AsyncBlock)
    }

    /// Returns the error for `#[attribute]` on this item or expression, with which `input` begins.
    pub(super) fn error(&self, attribute: Attribute, input: ParseStream) -> syn::Error {
        let only_functions = format!("`{attribute}` can only be applied to functions");
        let (message, help) = match self {
            Self::Container(_) => (
                format!("`{attribute}` cannot be applied to {self}"),
                "apply it to the functions inside".to_owned(),
            ),
            Self::Closure | Self::AsyncBlock if attribute == Attribute::Inherit => (
                format!(
                    "`{attribute}` can only be applied to {self} in a function that has the \
                     attribute, too"
                ),
                format!("apply `{attribute}` to the function as well; {EXPERIMENTAL}"),
            ),
            Self::Closure => (
                format!("`{attribute}` cannot be applied to {self}"),
                format!("set the variable with `VAR.sync_scope(value, || …)`; {EXPERIMENTAL}"),
            ),
            Self::AsyncBlock => (
                format!("`{attribute}` cannot be applied to {self}"),
                format!("set the variable with `VAR.scope(value, async {{ … }})`; {EXPERIMENTAL}"),
            ),
            Self::Item(_) | Self::MacroCall(_) => {
                (only_functions, format!("remove it from this {self}"))
            }
            Self::Unknown => (only_functions, "remove it from this item".to_owned()),
        };
        if input.is_empty() {
            return mistake(Span::call_site(), message, help);
        }
        mistake(&source_text::next(input), message, help)
    }
}

/// The sentence about the errors that rustc reports in addition for an attribute on an expression.
pub(crate) const EXPERIMENTAL: &str = "the errors about experimental attributes then disappear";

impl Display for NotAFunction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closure => f.write_str("a closure"),
            Self::AsyncBlock => f.write_str("an `async` block"),
            Self::Container("mod") => f.write_str("a module"),
            Self::Container("impl") => f.write_str("an `impl` block"),
            Self::Container(keyword) => write!(f, "a {keyword}"),
            Self::Item(keyword) => write!(f, "`{keyword}`"),
            Self::MacroCall(name) => write!(f, "call of `{name}!`"),
            Self::Unknown => f.write_str("item"),
        }
    }
}

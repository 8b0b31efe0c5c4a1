//! The user's tokens as text, for messages.

use std::iter;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::buffer::Cursor;
use syn::parse::ParseStream;

use crate::tokens::{is_punct, is_word};

/// The longest expression that a message repeats; a longer one is shown as `…`.
const LONGEST: usize = 40;

/// The operators of two characters that a message shows, and underlines, as a whole.
const OPERATORS: &[&str] = &[
    "==", "=>", "->", "::", "||", "&&", "..", "<=", ">=", "!=", "+=", "-=",
];

/// Returns the next token without reading it; an operator such as `==` is one token.
pub(crate) fn next(input: ParseStream) -> TokenStream {
    let mut rest = ahead(input);
    let (first, second) = (rest.next(), rest.next());
    let is_operator = match (&first, &second) {
        (Some(TokenTree::Punct(first)), Some(TokenTree::Punct(second))) => {
            let both = [first.as_char(), second.as_char()].iter().collect();
            OPERATORS.contains(&String::as_str(&both))
        }
        _ => false,
    };
    let second = second.filter(|_| is_operator);
    first.into_iter().chain(second).collect()
}

/// Returns the text of a token, which is the opening parenthesis, bracket or brace of a group.
pub(crate) fn of_token(token: TokenStream) -> String {
    match token.clone().into_iter().next() {
        Some(TokenTree::Group(group)) => match group.delimiter() {
            Delimiter::Parenthesis => "(".to_owned(),
            Delimiter::Bracket => "[".to_owned(),
            Delimiter::Brace => "{".to_owned(),
            Delimiter::None => of_token(group.stream()),
        },
        _ => of(token),
    }
}

/// Returns the tokens up to the next `end`, without reading them.
pub(crate) fn up_to(end: char, input: ParseStream) -> TokenStream {
    ahead(input)
        .take_while(|token| !is_punct(token, end))
        .collect()
}

/// Returns an iterator over the tokens that follow, without reading them.
///
/// A `TokenStream` of all of them would make the time for a list quadratic in its length.
fn ahead(input: ParseStream) -> impl Iterator<Item = TokenTree> {
    let mut at = input.cursor();
    iter::from_fn(move || {
        let (token, next) = at.token_tree()?;
        at = next;
        Some(token)
    })
}

/// Returns the tokens that were read since `start`.
pub(crate) fn since(start: Cursor, input: ParseStream) -> TokenStream {
    let mut tokens = TokenStream::new();
    let mut at = start;
    while at != input.cursor() {
        let Some((token, next)) = at.token_tree() else {
            break;
        };
        tokens.extend([token]);
        at = next;
    }
    tokens
}

/// Returns the last of `tokens`, where a message reports what is missing after them.
pub(crate) fn last(tokens: TokenStream) -> TokenStream {
    tokens.into_iter().last().into_iter().collect()
}

/// Returns the text of an expression, or `…` if the expression is long or missing.
pub(crate) fn of_expression(tokens: TokenStream) -> String {
    let text = of(tokens);
    let is_short = text.chars().count() <= LONGEST && !text.contains(['{', '|']);
    if is_short && !text.is_empty() {
        text
    } else {
        "…".to_owned()
    }
}

/// Returns the condition of a `cfg_attr` that was given `arguments`, and the opposite condition.
pub(crate) fn conditions(arguments: TokenStream) -> (String, String) {
    let condition: Vec<TokenTree> = arguments
        .into_iter()
        .take_while(|token| !is_punct(token, ','))
        .collect();
    let opposite = match &condition[..] {
        [not, TokenTree::Group(inside)] if is_word(not, "not") => Some(of(inside.stream())),
        _ => None,
    };
    let condition = of(condition.into_iter().collect());
    let opposite = opposite.unwrap_or_else(|| format!("not({condition})"));
    (condition, opposite)
}

/// Returns the text of `tokens` with spaces as `rustfmt` would write them in types and calls.
///
/// `TokenStream::to_string` is not used, because its spaces differ between versions of rustc.
pub(crate) fn of(tokens: TokenStream) -> String {
    let mut text = String::new();
    let mut before = Piece::Start;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let (piece, written) = match token {
            TokenTree::Ident(word) => (Piece::Word, word.to_string()),
            TokenTree::Literal(literal) => (Piece::Word, literal.to_string()),
            TokenTree::Group(group) => of_group(group.delimiter(), group.stream()),
            TokenTree::Punct(punct) => {
                let mut written = punct.as_char().to_string();
                let both = match tokens.peek() {
                    Some(TokenTree::Punct(next)) => format!("{written}{}", next.as_char()),
                    Some(TokenTree::Ident(name)) if written == "'" => format!("'{name}"),
                    _ => String::new(),
                };
                if both.starts_with('\'') || OPERATORS.contains(&both.as_str()) {
                    tokens.next();
                    written = both;
                }
                (Piece::of_operator(&written, before), written)
            }
        };
        if Piece::has_space(before, piece) {
            text.push(' ');
        }
        text.push_str(&written);
        before = piece;
    }
    text
}

fn of_group(delimiter: Delimiter, inside: TokenStream) -> (Piece, String) {
    let inside = of(inside);
    match delimiter {
        Delimiter::Parenthesis => (Piece::Call, format!("({inside})")),
        Delimiter::Bracket => (Piece::Call, format!("[{inside}]")),
        Delimiter::Brace if inside.is_empty() => (Piece::Word, "{}".to_owned()),
        Delimiter::Brace => (Piece::Word, format!("{{ {inside} }}")),
        Delimiter::None => (Piece::Word, inside),
    }
}

/// A part of a text, by the spaces around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    Start,
    /// A name, a literal, a lifetime or braces.
    Word,
    /// `(…)` or `[…]`, without a space before it.
    Call,
    /// `=` or a binary operator, with spaces around it.
    Spaced,
    /// `,`, `;` or `:`, with a space after it.
    Separator,
    /// `>`, with a space only before a word.
    Close,
    /// `&`, `.`, `::`, `<` and others, without spaces.
    Tight,
}

impl Piece {
    fn of_operator(operator: &str, before: Self) -> Self {
        match operator {
            "," | ";" | ":" => Self::Separator,
            ">" | "?" => Self::Close,
            "=" | "==" | "=>" | "->" | "+" | "/" | "%" | "||" | "&&" | "<=" | ">=" | "!="
            | "+=" | "-=" => Self::Spaced,
            // The sign of a number and a dereference are not binary operators.
            "-" | "*" if matches!(before, Self::Word | Self::Call) => Self::Spaced,
            _ if operator.starts_with('\'') => Self::Word,
            _ => Self::Tight,
        }
    }

    fn has_space(before: Self, this: Self) -> bool {
        match (before, this) {
            (Self::Start | Self::Tight, _) => false,
            (_, Self::Separator | Self::Close) => false,
            (Self::Separator | Self::Spaced, _) | (_, Self::Spaced) => true,
            (Self::Word | Self::Call | Self::Close, Self::Word) => true,
            _ => false,
        }
    }
}

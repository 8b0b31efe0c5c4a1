//! Functions on tokens: their kinds, the spans of generated ones, and new groups.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};

/// Returns the span for tokens that are generated around code of the user. Their errors are reported
/// at `span`, but local names are hygienic, and lints about written code ignore them.
pub(crate) fn hygienic_at(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// Returns the same tokens, all at `span`.
pub(crate) fn relocated(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|token| match token {
            TokenTree::Group(old) => {
                group(old.delimiter(), relocated(old.stream(), span), span).into()
            }
            mut token => {
                token.set_span(span);
                token
            }
        })
        .collect()
}

/// Returns the same tokens at `span`, except for the names between the first token and the last.
pub(crate) fn with_ends_at(span: Span, tokens: TokenStream) -> TokenStream {
    let mut tokens: Vec<_> = tokens.into_iter().collect();
    let last = tokens.len().saturating_sub(1);
    for (index, token) in tokens.iter_mut().enumerate() {
        let between = index > 0 && index < last;
        if !(between && matches!(token, TokenTree::Ident(_))) {
            token.set_span(span);
        }
    }
    tokens.into_iter().collect()
}

/// Returns the spans of the first and the last of `tokens`.
pub(crate) fn ends(tokens: &TokenStream) -> (Span, Span) {
    let mut spans = tokens.clone().into_iter().map(|token| token.span());
    let first = spans.next().unwrap_or_else(Span::call_site);
    (first, spans.last().unwrap_or(first))
}

/// Returns a group at `span`.
pub(crate) fn group(delimiter: Delimiter, inside: TokenStream, span: Span) -> Group {
    let mut group = Group::new(delimiter, inside);
    group.set_span(span);
    group
}

/// Returns `{ inside }`, at `span`.
///
/// Code that replaces an expression of the user is put into braces with the span of that expression.
/// Otherwise rustc would report errors at the attribute, which is the outermost token that no macro
/// wrote.
pub(crate) fn braces(inside: TokenStream, span: Span) -> Group {
    group(Delimiter::Brace, inside, span)
}

/// Returns the same parentheses, brackets or braces around other tokens.
pub(crate) fn regroup(old: &Group, inside: TokenStream) -> TokenTree {
    group(old.delimiter(), inside, old.span()).into()
}

pub(crate) fn is_punct<'a>(token: impl Into<Option<&'a TokenTree>>, wanted: char) -> bool {
    matches!(token.into(), Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

pub(crate) fn is_word<'a>(token: impl Into<Option<&'a TokenTree>>, wanted: &str) -> bool {
    matches!(token.into(), Some(TokenTree::Ident(word)) if word == wanted)
}

pub(crate) fn is_group<'a>(token: impl Into<Option<&'a TokenTree>>, wanted: Delimiter) -> bool {
    matches!(token.into(), Some(TokenTree::Group(group)) if group.delimiter() == wanted)
}

/// Returns the number of tokens in `<…>`, which is at the beginning of `tokens`.
pub(crate) fn angle_brackets(tokens: &[TokenTree]) -> usize {
    let mut depth = 0_usize;
    let mut before = ' ';
    for (index, token) in tokens.iter().enumerate() {
        let TokenTree::Punct(punct) = token else {
            before = ' ';
            continue;
        };
        match punct.as_char() {
            '<' => depth += 1,
            // The `>` of `->` and `=>` closes nothing.
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

/// Returns the number of tokens in the outer attributes at the beginning of `tokens`, two for each.
pub(crate) fn count_attributes(tokens: &[TokenTree]) -> usize {
    let is_attribute = |pair: &&[TokenTree]| matches!(pair, [hash, list] if is_punct(hash, '#') && is_group(list, Delimiter::Bracket));
    2 * tokens.chunks(2).take_while(is_attribute).count()
}

/// Returns `true` if `tokens` begin with an item, so that the attributes before them belong to it.
pub(crate) fn begins_item(tokens: &[TokenTree]) -> bool {
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

/// Returns the number of tokens in the function with which `tokens` begin, or 0 if they do not
/// begin with one.
///
/// ```text
/// fn name<T: Fn(A) -> B>(a: A) -> [B; { 1 }] where T: X { … }
/// ```
pub(crate) fn nested_function(tokens: &[TokenTree]) -> usize {
    if !is_word(tokens.first(), "fn") || word(tokens.get(1)).is_empty() {
        return 0;
    }
    let is_end = |token: &TokenTree| is_punct(token, ';') || is_group(token, Delimiter::Brace);
    let mut at = 0;
    while let Some(found) = tokens[at..].iter().position(is_end) {
        at += found + 1;
        // A `{ 1 }` that is an argument of the result's type is followed by the rest of the type.
        if !is_punct(tokens.get(at), '>') && !is_punct(tokens.get(at), ',') {
            return at;
        }
    }
    tokens.len()
}

/// Returns the text of an identifier; empty for every other token.
fn word(token: Option<&TokenTree>) -> String {
    match token {
        Some(TokenTree::Ident(word)) => word.to_string(),
        _ => String::new(),
    }
}

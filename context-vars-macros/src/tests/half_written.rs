//! While a body is being typed it rarely parses. It must nevertheless reach rustc and the editor
//! with all of its tokens, so that completion works inside.

use proc_macro2::{TokenStream, TokenTree};

use super::source;

/// The content of a body while its last statement is being typed.
const BODIES: &[&str] = &[
    "request.",
    "let user =",
    "let user = USER.",
    "let user = USER.get(); user.",
    "if request.",
    "match request { Request::",
    "call(request, ",
    "call(|| request.",
    "std::thread::spawn(",
    "std::thread::spawn(|| request.",
    "std::thread::spawn(move || { request. ",
    "tokio::spawn(async move { request.",
    "let job = #[inherit_context] || request.",
    "request.spawn(request.",
    "let x: Vec<",
    "&",
    "request..",
    "fn inner() { request.",
];

#[test]
fn a_half_written_body_still_becomes_the_function_with_all_its_words() {
    for body in BODIES {
        let function = format!("fn handle(request: Request) {{ {} }}", closed(body));
        for asyncness in ["", "async "] {
            let item: TokenStream = format!("{asyncness}{function}").parse().unwrap();
            check(body, &item);
        }
    }
}

fn check(body: &str, item: &TokenStream) {
    let user: TokenStream = "user = String::new()".parse().unwrap();
    let none = TokenStream::new();
    let scoped = crate::with_context::with_context(user, item.clone());
    // A body in which nothing is spawned yet is reported, but the function is still in the output.
    let inheriting = crate::inherit_context::inherit_context(none, item.clone());
    let is_marked = body.contains("#[");
    let messages = source::messages(scoped.clone());
    assert!(is_marked || messages.is_empty(), "{body}: {messages:?}");
    for output in [scoped, inheriting] {
        let text = output.to_string();
        assert!(
            text.contains("fn handle (request : Request)"),
            "{body}: {text}"
        );
        let written = words(item.clone());
        let mut left = words(output).into_iter();
        for word in written
            .into_iter()
            .filter(|word| !MARKS.contains(&word.as_str()))
        {
            assert!(
                left.any(|other| other == word),
                "{body}: `{word}` is gone from {text}"
            );
        }
    }
}

/// The marks, which are removed from the output.
const MARKS: &[&str] = &["inherit_context"];

/// Returns the body with its open parentheses and braces closed, as an editor passes it on.
fn closed(body: &str) -> String {
    let mut open = Vec::new();
    for character in body.chars() {
        match character {
            '(' => open.push(')'),
            '{' => open.push('}'),
            ')' | '}' => drop(open.pop()),
            _ => {}
        }
    }
    let close: String = open.iter().rev().collect();
    format!("{body}{close}")
}

/// Returns all identifiers, at any depth, in order.
fn words(tokens: TokenStream) -> Vec<String> {
    let mut words = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(word) => words.push(word.to_string()),
            TokenTree::Group(group) => words.extend(self::words(group.stream())),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    words
}

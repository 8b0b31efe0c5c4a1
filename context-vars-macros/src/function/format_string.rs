//! Format strings, in which macros find names: `"{self}"` in `format!("{self}")`.

use proc_macro2::{Ident, Literal, TokenStream, TokenTree};

use crate::tokens::is_punct;

/// The position of the format string in the arguments of a macro.
#[derive(Clone, Copy)]
enum Position {
    /// The argument of this number.
    Argument(usize),
    /// The first argument that is only a string literal, because the arguments before it are
    /// optional.
    FirstText,
}

/// Returns the position of the format string of `name!`, or `None` if the macro is unknown.
///
/// The string literals of unknown macros stay unchanged, because they may be data. If one of them is
/// a format string, rustc reports the name in it that does not exist.
fn position(name: &Ident) -> Option<Position> {
    Some(match name.to_string().as_str() {
        "format" | "format_args" | "print" | "println" | "eprint" | "eprintln" | "panic"
        | "todo" | "unimplemented" | "unreachable" | "anyhow" | "bail" => Position::Argument(0),
        "write" | "writeln" | "assert" | "debug_assert" | "ensure" => Position::Argument(1),
        "assert_eq" | "assert_ne" | "debug_assert_eq" | "debug_assert_ne" => Position::Argument(2),
        // `span!` is not in the list, because its text is a name.
        "error" | "warn" | "info" | "debug" | "trace" | "event" | "log" => Position::FirstText,
        _ => return None,
    })
}

/// Returns the index of the format string in `arguments`, the tokens of a call of `name!`.
pub(crate) fn format_string(name: &Ident, arguments: &TokenStream) -> Option<usize> {
    let position = position(name)?;
    let tokens: Vec<TokenTree> = arguments.clone().into_iter().collect();
    let mut begin = 0;
    for (index, argument) in tokens.split(|token| is_punct(token, ',')).enumerate() {
        let is_text = matches!(argument, [TokenTree::Literal(text)] if is_text(text));
        match position {
            Position::Argument(number) if number != index => {}
            _ if is_text => return Some(begin),
            Position::Argument(_) => return None,
            Position::FirstText => {}
        }
        begin += argument.len() + 1;
    }
    None
}

/// Returns `true` if the literal is `"…"` or `r"…"`.
fn is_text(literal: &Literal) -> bool {
    literal.to_string().starts_with(['"', 'r'])
}

/// Changes `"{self:?}"` to `"{__self:?}"`; `"{{self}}"` stays unchanged.
pub(crate) fn rename(literal: &Literal, new: &str) -> Literal {
    let text = literal.to_string();
    let mut output = String::new();
    let mut rest = text.as_str();
    while let Some(found) = rest.find("{self") {
        let (before, from) = rest.split_at(found);
        let after = &from["{self".len()..];
        let braces = 1 + before
            .bytes()
            .rev()
            .take_while(|byte| *byte == b'{')
            .count();
        let is_name = braces % 2 == 1 && after.starts_with(['}', ':']);
        output.push_str(before);
        output.push('{');
        output.push_str(if is_name { new } else { "self" });
        rest = after;
    }
    output.push_str(rest);
    match output.parse::<Literal>() {
        Ok(mut renamed) if output != text => {
            renamed.set_span(literal.span());
            renamed
        }
        _ => literal.clone(),
    }
}

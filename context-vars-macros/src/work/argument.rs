//! The kinds of arguments of a call, by the form in which they are written.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::{
    Expr, ExprBlock, ExprCall, ExprCast, ExprMethodCall, ExprParen, ExprUnary, Path, Stmt, UnOp,
};

use crate::tokens::is_punct;

/// A layer around an expression.
pub(super) enum Layer<'a> {
    /// `( … )`
    Parentheses(&'a ExprParen),
    /// The invisible group of a `macro_rules!` parameter.
    Group,
    /// `… as Type`
    Cast(&'a ExprCast),
    /// `Box::new(…)`
    Constructor(&'a ExprCall),
    /// `{ statements …  }`
    Block(&'a ExprBlock),
}

/// Returns `true` if `expression` is a closure or an `async` block, even inside of layers.
pub(super) fn holds_work(expression: &Expr) -> bool {
    matches!(unwrap(expression).1, Expr::Closure(_) | Expr::Async(_))
}

/// Returns the layers, outermost first, and the expression inside.
pub(super) fn unwrap(expression: &Expr) -> (Vec<Layer<'_>>, &Expr) {
    let mut layers = Vec::new();
    let mut inside = expression;
    while let Some((layer, next)) = layer(inside) {
        layers.push(layer);
        inside = next;
    }
    (layers, inside)
}

fn layer(expression: &Expr) -> Option<(Layer<'_>, &Expr)> {
    Some(match expression {
        Expr::Paren(outer) => (Layer::Parentheses(outer), &*outer.expr),
        Expr::Group(outer) => (Layer::Group, &*outer.expr),
        Expr::Cast(outer) => (Layer::Cast(outer), &*outer.expr),
        Expr::Call(outer) if is_constructor(outer) => {
            (Layer::Constructor(outer), outer.args.first()?)
        }
        Expr::Block(outer) if outer.label.is_none() => match outer.block.stmts.last()? {
            Stmt::Expr(last, None) => (Layer::Block(outer), last),
            _ => return None,
        },
        _ => return None,
    })
}

/// Returns the expression without parentheses and groups around it.
pub(super) fn without_parentheses(expression: &Expr) -> &Expr {
    match expression {
        Expr::Paren(outer) => without_parentheses(&outer.expr),
        Expr::Group(outer) => without_parentheses(&outer.expr),
        expression => expression,
    }
}

/// Returns `true` if this is a variable, a function, or a field of a variable. Such an expression
/// may be repeated in code that never runs, because it has no effects.
pub(super) fn is_place(expression: &Expr) -> bool {
    match expression {
        Expr::Path(_) => true,
        Expr::Field(field) => is_place(&field.base),
        Expr::Unary(ExprUnary {
            op: UnOp::Deref(_),
            expr,
            ..
        }) => is_place(expr),
        Expr::Paren(outer) => is_place(&outer.expr),
        _ => false,
    }
}

/// Returns `true` if this is `Box::new(…)`, `Box::pin(…)`, `Arc::new(…)` or `Rc::new(…)`.
fn is_constructor(call: &ExprCall) -> bool {
    let Expr::Path(function) = &*call.func else {
        return false;
    };
    let mut names = function
        .path
        .segments
        .iter()
        .rev()
        .map(|segment| segment.ident.to_string());
    let (last, owner) = (names.next(), names.next());
    let owns = matches!(owner.as_deref(), Some("Box" | "Arc" | "Rc"));
    owns && matches!(last.as_deref(), Some("new" | "pin")) && call.args.len() == 1
}

/// Returns `true` if the value of `expression`, which is not a place, may be work and can be bound to a
/// name before it is passed on.
///
/// The type of an argument that is passed on directly can be inferred from the parameter, and the name
/// would prevent that. So this excludes `text.into()`, and `Some(Box::new(3))`, whose box may be
/// coerced at the call.
pub(super) fn can_be_bound(expression: &Expr) -> bool {
    match expression {
        _ if leaves_its_type_open(expression) => false,
        Expr::Call(call) => {
            let name = path(call).and_then(|path| path.segments.last());
            !name.is_some_and(|name| {
                ["Some", "Ok", "Err"]
                    .iter()
                    .any(|other| name.ident == other)
            })
        }
        Expr::Macro(call) => {
            let name = call.mac.path.segments.last().map(|last| &last.ident);
            let is_value = name.is_some_and(|name| VALUES.iter().any(|value| name == value));
            !is_value && !has_parameters(&call.mac.tokens)
        }
        Expr::MethodCall(_)
        | Expr::Try(_)
        | Expr::Await(_)
        | Expr::Cast(_)
        | Expr::Struct(_)
        | Expr::Field(_)
        | Expr::Index(_) => true,
        _ => false,
    }
}

/// Returns `true` if the tokens contain a closure with parameters, whose types may be inferred from the
/// call.
fn has_parameters(tokens: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let is_bar = |token: Option<&TokenTree>| is_punct(token, '|');
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let inside = match token {
            TokenTree::Group(group) => has_parameters(&group.stream()),
            token => is_bar(Some(token)) && !is_bar(tokens.get(at + 1)),
        };
        if inside {
            return true;
        }
        at += if is_bar(Some(token)) { 2 } else { 1 };
    }
    false
}

/// The macros of the standard library whose results are not work.
const VALUES: &[&str] = &[
    "column",
    "concat",
    "env",
    "file",
    "format",
    "format_args",
    "include_bytes",
    "include_str",
    "line",
    "matches",
    "module_path",
    "option_env",
    "panic",
    "stringify",
    "todo",
    "unimplemented",
    "unreachable",
    "vec",
];

/// Returns `true` if the type of `expression` is inferred from its use.
pub(super) fn leaves_its_type_open(expression: &Expr) -> bool {
    match expression {
        Expr::MethodCall(call) => is_open_method(call),
        Expr::Call(call) => is_open_function(call),
        Expr::Try(outer) => leaves_its_type_open(&outer.expr),
        Expr::Await(outer) => leaves_its_type_open(&outer.base),
        Expr::Paren(outer) => leaves_its_type_open(&outer.expr),
        Expr::Group(outer) => leaves_its_type_open(&outer.expr),
        _ => false,
    }
}

fn is_open_method(call: &ExprMethodCall) -> bool {
    let name = call.method.to_string();
    match name.as_str() {
        "into" | "try_into" | "collect" | "parse" | "sum" | "product" => call.turbofish.is_none(),
        "unwrap" | "expect" | "unwrap_or_default" | "unwrap_or_else" | "map_err" | "ok"
        | "context" | "clone" | "to_owned" => leaves_its_type_open(&call.receiver),
        _ => false,
    }
}

/// Returns `true` if this is `Default::default()`, `From::from(…)`, or `serde_json::from_str(…)`. The
/// paths of `u64::from(…)` and `Vec::<u8>::default()` name the type, so they are not.
fn is_open_function(call: &ExprCall) -> bool {
    let Some(Path { segments, .. }) = path(call) else {
        return false;
    };
    let Some(last) = segments.last().filter(|last| last.arguments.is_none()) else {
        return false;
    };
    let name = last.ident.to_string();
    let makes = name.starts_with("from_")
        || matches!(
            name.as_str(),
            "from" | "default" | "into" | "try_from" | "try_into"
        );
    let owner = segments.iter().rev().nth(1).map(|owner| &owner.ident);
    let is_type =
        owner.is_some_and(|owner| is_upper(owner) && !TRAITS.iter().any(|name| owner == name));
    makes && !is_type
}

const TRAITS: &[&str] = &[
    "Default",
    "From",
    "FromIterator",
    "FromStr",
    "Into",
    "TryFrom",
    "TryInto",
];

/// Returns the path of the called function, if it has no `<Type as Trait>`.
fn path(call: &ExprCall) -> Option<&Path> {
    match &*call.func {
        Expr::Path(function) if function.qself.is_none() => Some(&function.path),
        _ => None,
    }
}

fn is_upper(name: &Ident) -> bool {
    name.to_string().starts_with(char::is_uppercase)
}

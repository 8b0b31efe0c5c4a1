//! What an argument of a call can be, by the form in which it is written.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Expr, ExprCall, ExprMethodCall, Path};

/// What is written around an expression: `Box::new(…)`, `(…)` or `… as Type`.
#[derive(Clone, Default)]
pub(crate) struct Wrapper {
    pub(super) before: TokenStream,
    pub(super) parentheses: Option<Span>,
    pub(super) after: TokenStream,
}

/// Whether `expression` is a closure or an `async` block, also inside of wrappers.
pub(super) fn holds_work(expression: &Expr) -> bool {
    matches!(unwrap(expression).1, Expr::Closure(_) | Expr::Async(_))
}

/// Whether `expression` is a closure with parameters, also inside of wrappers.
pub(super) fn takes_an_argument(expression: &Expr) -> bool {
    matches!(unwrap(expression).1, Expr::Closure(closure) if !closure.inputs.is_empty())
}

/// Returns the wrappers, outermost first, and the expression inside.
pub(super) fn unwrap(expression: &Expr) -> (Vec<Wrapper>, &Expr) {
    let mut wrappers = Vec::new();
    let mut inside = expression;
    while let Some((wrapper, next)) = wrapper(inside) {
        wrappers.push(wrapper);
        inside = next;
    }
    (wrappers, inside)
}

fn wrapper(expression: &Expr) -> Option<(Wrapper, &Expr)> {
    let mut wrapper = Wrapper::default();
    let inside = match expression {
        Expr::Paren(outer) => {
            wrapper.parentheses = Some(outer.paren_token.span.join());
            &*outer.expr
        }
        Expr::Group(outer) => &outer.expr,
        Expr::Cast(outer) => {
            let (keyword, ty) = (&outer.as_token, &outer.ty);
            wrapper.after = quote!(#keyword #ty);
            &outer.expr
        }
        Expr::Call(outer) if is_constructor(outer) => {
            wrapper.before = outer.func.to_token_stream();
            wrapper.parentheses = Some(outer.paren_token.span.join());
            outer.args.first()?
        }
        _ => return None,
    };
    Some((wrapper, inside))
}

/// Whether this is `Box::new(…)`, `Box::pin(…)`, `Arc::new(…)` or `Rc::new(…)`.
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

/// Whether `expression`, which is not a path, can be asked for its type before it is passed on.
///
/// What is passed on directly can have its type inferred from the parameter, which asking earlier
/// would prevent. So this excludes `text.into()`, and `Some(Box::new(3))`, whose box may be
/// coerced at the call, unless the call accepts nothing but work.
pub(super) fn shows_by_type(expression: &Expr, work_only: bool) -> bool {
    let is_constructor = |call: &ExprCall| called(call).is_some_and(is_upper);
    match expression {
        _ if open(expression).is_some() => false,
        Expr::Call(call) => work_only || !is_constructor(call),
        Expr::Macro(call) => {
            let name = call.mac.path.segments.last().map(|last| &last.ident);
            !name.is_some_and(|name| VALUES.iter().any(|value| name == value))
        }
        Expr::MethodCall(_) | Expr::Try(_) | Expr::Await(_) | Expr::Cast(_) => true,
        _ => false,
    }
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

/// Returns the name of the call whose result has a type that is inferred from its use.
pub(super) fn open(expression: &Expr) -> Option<&Ident> {
    match expression {
        Expr::MethodCall(call) => open_method(call),
        Expr::Call(call) => called(call).filter(|_| is_open_function(call)),
        Expr::Try(outer) => open(&outer.expr),
        Expr::Await(outer) => open(&outer.base),
        Expr::Paren(outer) => open(&outer.expr),
        Expr::Group(outer) => open(&outer.expr),
        _ => None,
    }
}

fn open_method(call: &ExprMethodCall) -> Option<&Ident> {
    let name = call.method.to_string();
    match name.as_str() {
        "into" | "try_into" | "collect" | "parse" | "sum" | "product" => {
            call.turbofish.is_none().then_some(&call.method)
        }
        "unwrap" | "expect" | "unwrap_or_default" | "unwrap_or_else" | "map_err" | "ok"
        | "context" | "clone" | "to_owned" => open(&call.receiver),
        _ => None,
    }
}

/// Whether this is `Default::default()`, `From::from(…)`, or `serde_json::from_str(…)`; not
/// `u64::from(…)` or `Vec::<u8>::default()`, whose path names the type.
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

/// The path of the function that is called, if it is one without `<Type as Trait>`.
fn path(call: &ExprCall) -> Option<&Path> {
    match &*call.func {
        Expr::Path(function) if function.qself.is_none() => Some(&function.path),
        _ => None,
    }
}

fn called(call: &ExprCall) -> Option<&Ident> {
    path(call)
        .and_then(|path| path.segments.last())
        .map(|last| &last.ident)
}

fn is_upper(name: &Ident) -> bool {
    name.to_string().starts_with(char::is_uppercase)
}

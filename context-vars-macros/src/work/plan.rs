//! The plan for a body: a tree of fragments in which the way to inherit is decided for each argument
//! of a call. `scan` builds it, and `rewrite` generates the code without further decisions.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use syn::{Expr, ExprAsync, ExprClosure, Token};

use super::marks::Start;

/// A part of a body.
#[derive(Clone)]
pub(crate) enum Fragment {
    /// A token that stays as it is, which may be a whole group.
    Token(TokenTree),
    /// Parentheses, brackets or braces, with the fragments inside.
    Group(Group, Vec<Fragment>),
    /// At the beginning of a block, the declaration of a variable that owns a context.
    Variable(ContextVariable),
    /// A marked closure or `async` block.
    WorkExpr(WorkExpr),
    Call(Call),
    /// A spawn call with a syntax error, which rustc reports.
    Malformed(Vec<TokenTree>),
}

/// The number of a variable that generated code declares, unique in the function.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ContextVariable(pub(super) usize);

impl ContextVariable {
    pub(super) fn next(count: &mut usize) -> Self {
        let variable = Self(*count);
        *count += 1;
        variable
    }
}

/// A closure or an `async` block, and the context in which it starts.
#[derive(Clone)]
pub(crate) struct WorkExpr {
    pub(super) start: Start,
    pub(super) kind: WorkExprKind,
    /// Replaces the body of the closure or block in `kind`.
    pub(super) body: Vec<Fragment>,
}

#[derive(Clone)]
pub(crate) enum WorkExprKind {
    Closure(Box<ExprClosure>, ContextOwner),
    Async(Box<ExprAsync>),
}

/// The owner of a closure's context.
///
/// A closure without `move` borrows the variables that it names, unless it gives them away, which
/// makes it `FnOnce`. So it cannot own a context and stay `Fn`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContextOwner {
    /// The closure: it is a `move` closure, or becomes one because it captures nothing.
    Closure,
    /// A `move` closure around it, which calls it and has no argument to pass to it.
    OuterClosure,
    /// A variable at the beginning of the enclosing block, or in a block around the call. The
    /// closure borrows it.
    Variable(ContextVariable),
    /// The closure, which gives the context away at its first call and so becomes `FnOnce`.
    FirstCall,
}

/// A call that runs work elsewhere.
#[derive(Clone)]
pub(crate) struct Call {
    /// The variables of a block around the call.
    pub(super) variables: Vec<ContextVariable>,
    /// `std::thread::spawn`, or the name of the method.
    pub(super) callee: Vec<TokenTree>,
    pub(super) parentheses: Group,
    pub(super) arguments: Vec<(WrapPlan, Option<Token![,]>)>,
}

/// The way in which an argument of a call inherits.
#[derive(Clone)]
pub(crate) enum WrapPlan {
    /// By its form: it is a closure or an `async` block, inside of wrappers, outermost first.
    WorkExpr(Vec<Wrapper>, WorkExpr),
    /// By its type: a variable, a field or a function.
    Place(Expr),
    /// By its type: the value of a call or another expression, which is bound to a name first.
    Returned(Vec<Fragment>),
    /// It does not inherit.
    Unwrapped(Vec<Fragment>),
}

/// The code around an expression: `Box::new(…)`, `(…)`, `… as Type` or `{ let a = b; … }`.
#[derive(Clone, Default)]
pub(crate) struct Wrapper {
    pub(super) before: TokenStream,
    pub(super) group: Option<(Delimiter, Span)>,
    /// The tokens in the group before the expression.
    pub(super) statements: Vec<Fragment>,
    pub(super) after: TokenStream,
}

/// Returns the tokens as fragments that stay unchanged.
pub(crate) fn verbatim(tokens: TokenStream) -> Vec<Fragment> {
    tokens.into_iter().map(Fragment::Token).collect()
}

/// Returns `true` if anything in `fragments` is wrapped, or would be wrapped without a syntax
/// error.
pub(crate) fn wraps_anything(fragments: &[Fragment]) -> bool {
    let wraps = |plan: &WrapPlan| match plan {
        WrapPlan::Unwrapped(fragments) => wraps_anything(fragments),
        _ => true,
    };
    fragments.iter().any(|fragment| match fragment {
        Fragment::Token(_) | Fragment::Variable(_) => false,
        Fragment::Group(_, inside) => wraps_anything(inside),
        Fragment::WorkExpr(_) | Fragment::Malformed(_) => true,
        Fragment::Call(call) => call.arguments.iter().any(|(plan, _)| wraps(plan)),
    })
}

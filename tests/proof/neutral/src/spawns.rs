//! Decides whether `#[inherit_context]` can be applied to a function, which it cannot if there is
//! nothing to rewrite.
//!
//! This repeats the rules of the attribute's documentation on purpose. If the attribute finds
//! nothing in a function that this file selects, the function does not compile, and so the
//! difference is reported.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprCall, ExprMethodCall, Item, Macro, Path, Stmt, Token};

/// The calls that take nothing but work, so that it may be given to them by name.
const WORK_ONLY: &[&str] = &[
    "spawn",
    "spawn_blocking",
    "spawn_blocking_on",
    "spawn_broadcast",
    "spawn_fifo",
    "spawn_local",
    "spawn_local_on",
    "spawn_local_with_handle",
    "spawn_on",
    "spawn_pinned",
    "spawn_scoped",
    "spawn_with_handle",
];

/// Returns whether a spawn call in `body`, but not in an item in it, is given work.
pub(crate) fn gives_work(body: &Block) -> bool {
    let mut search = Search(false);
    search.visit_block(body);
    search.0
}

struct Search(bool);

impl<'a> Visit<'a> for Search {
    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        if let Expr::Path(path) = &*call.func {
            self.0 |= takes_work(&Callee::Path(&path.path), call.args.iter());
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        let name = call.method.to_string();
        self.0 |= takes_work(&Callee::Method(&name), call.args.iter());
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, call: &'a Macro) {
        self.0 |= in_tokens(call.tokens.clone());
    }

    fn visit_item(&mut self, item: &'a Item) {
        if let Item::Macro(item) = item {
            self.visit_macro(&item.mac);
        }
    }
}

/// The function or method that is called.
enum Callee<'a> {
    Path(&'a Path),
    Method(&'a str),
}

/// Returns whether `callee` runs work elsewhere, and one of `arguments` is work.
fn takes_work<'a>(callee: &Callee, arguments: impl Iterator<Item = &'a Expr>) -> bool {
    let (name, pool) = match callee {
        Callee::Path(path) => {
            let names = names(path);
            let pool = names.len() > 1 && names[0] == "rayon";
            (names.last().cloned().unwrap_or_default(), pool)
        }
        Callee::Method(name) => ((*name).to_owned(), *name == "install"),
    };
    let spawns = name == "spawn" || name.starts_with("spawn_");
    let by_name = WORK_ONLY.contains(&name.as_str());
    arguments
        .filter(|_| spawns || pool)
        .any(|argument| is_literal(argument) || (by_name && is_named(argument)))
}

/// Returns whether `argument` is a closure or an `async` block, also in a box, in a pointer or at
/// the end of a block.
fn is_literal(argument: &Expr) -> bool {
    match argument {
        Expr::Closure(_) | Expr::Async(_) => true,
        Expr::Paren(inner) => is_literal(&inner.expr),
        Expr::Group(inner) => is_literal(&inner.expr),
        Expr::Block(block) if block.label.is_none() => {
            matches!(block.block.stmts.last(), Some(Stmt::Expr(last, None)) if is_literal(last))
        }
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => is_pointer(&path.path) && call.args.iter().all(is_literal),
            _ => false,
        },
        _ => false,
    }
}

/// Returns whether `path` is that of `Box::new`, `Box::pin`, `Arc::new` or `Rc::new`.
fn is_pointer(path: &Path) -> bool {
    match names(path).as_slice() {
        [.., pointer, function] => matches!(
            (pointer.as_str(), function.as_str()),
            ("Box", "new" | "pin") | ("Arc" | "Rc", "new")
        ),
        _ => false,
    }
}

/// Returns the names that a path consists of.
fn names(path: &Path) -> Vec<String> {
    let names = path.segments.iter();
    names.map(|segment| segment.ident.to_string()).collect()
}

/// Returns whether `argument` can be work that is given by name or by a call.
fn is_named(argument: &Expr) -> bool {
    match argument {
        Expr::Path(_)
        | Expr::Field(_)
        | Expr::Index(_)
        | Expr::Call(_)
        | Expr::MethodCall(_)
        | Expr::Await(_)
        | Expr::Try(_)
        | Expr::Macro(_)
        | Expr::Struct(_) => true,
        Expr::Paren(inner) => is_named(&inner.expr),
        Expr::Group(inner) => is_named(&inner.expr),
        Expr::Cast(inner) => is_named(&inner.expr),
        _ => false,
    }
}

/// Returns whether a spawn call in the tokens of a macro is given work.
fn in_tokens(tokens: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut found = false;
    for (index, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else {
            continue;
        };
        if group.delimiter() == Delimiter::Parenthesis {
            let arguments = Punctuated::<Expr, Token![,]>::parse_terminated
                .parse2(group.stream())
                .unwrap_or_default();
            found |= callee(&tokens[..index])
                .is_some_and(|name| takes_work(&Callee::Method(&name), arguments.iter()));
        }
        found |= in_tokens(group.stream());
    }
    found
}

/// Returns the name at the end of `before`, which is called by the parentheses after it.
fn callee(before: &[TokenTree]) -> Option<String> {
    match before {
        [.., TokenTree::Ident(keyword), TokenTree::Ident(_)] if keyword == "fn" => None,
        [.., TokenTree::Ident(name)] => Some(name.to_string()),
        _ => None,
    }
}

//! What was written: the body as fragments.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::punctuated::{Pair, Punctuated};
use syn::{Attribute, Expr, ExprAsync, ExprClosure, Token};

use super::argument::{self, Wrapper, holds_work, takes_an_argument, wrapper};
use super::callee::{CallKind, Callee};
use super::marks::{self, Mark, StartContext};
use crate::error::Errors;
use crate::tokens::{begins_item, count_attributes, is_group, is_word, nested_function};

/// A part of a body.
pub(crate) enum Fragment {
    /// Nothing of interest.
    Token(TokenTree),
    /// Parentheses, brackets or braces, with the fragments inside.
    Group(Group, Vec<Fragment>),
    /// A marked closure or `async` block.
    WorkExpr(WorkExpr),
    Call(Call),
}

/// A closure or an `async` block, and in what context it shall run.
pub(crate) struct WorkExpr {
    pub(crate) work: StartContext,
    pub(crate) kind: WorkExprKind,
    /// The closure's or block's own content, in place of that in `kind`.
    pub(crate) body: Vec<Fragment>,
}

pub(crate) enum WorkExprKind {
    Closure(Box<ExprClosure>),
    Async(Box<ExprAsync>),
}

/// A call of something that runs work elsewhere.
pub(crate) struct Call {
    pub(crate) kind: CallKind,
    /// `std::thread::spawn`, or the name of the method.
    pub(crate) callee: Vec<TokenTree>,
    pub(crate) name: Ident,
    pub(crate) parentheses: Group,
    pub(crate) arguments: Vec<(Argument, Option<Token![,]>)>,
}

/// An argument of a call, by the form in which it is written.
pub(crate) enum Argument {
    WorkExpr(WorkExpr),
    /// A work expression inside of something else.
    Wrapper(Wrapper<Box<Argument>>),
    /// `name`, `path::to::function`, `self.field`.
    PathArg(Expr),
    /// What a call returns.
    Returned(Vec<Fragment>),
    Reference(Vec<Fragment>),
    Other(Vec<Fragment>),
}

/// What to look for beside marks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seek {
    Marks,
    SpawnCalls,
}

/// Reads the body of a function.
pub(crate) fn parse(body: TokenStream, seek: Seek, errors: &mut Errors) -> Vec<Fragment> {
    Reader { seek, errors }.read(body)
}

struct Reader<'a> {
    seek: Seek,
    errors: &'a mut Errors,
}

impl Reader<'_> {
    fn read(&mut self, tokens: TokenStream) -> Vec<Fragment> {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut fragments = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            let (before, rest) = tokens.split_at(at);
            at += self.step(before.last(), rest, &mut fragments);
        }
        fragments
    }

    /// Reads what begins with the first of `rest` and says how many tokens that are.
    fn step(
        &mut self,
        before: Option<&TokenTree>,
        rest: &[TokenTree],
        fragments: &mut Vec<Fragment>,
    ) -> usize {
        if let Some(count) = self.marked(rest, fragments) {
            return count;
        }
        let untouched = match count_attributes(rest) {
            0 => nested_function(rest),
            count => count,
        };
        if untouched > 0 {
            return leave(&rest[..untouched], fragments);
        }
        match &rest[0] {
            TokenTree::Ident(first) if self.seek == Seek::SpawnCalls => {
                let callee = Callee::scan(before, first, rest);
                match self.call(&callee, rest) {
                    Some(call) => {
                        fragments.push(Fragment::Call(call));
                        callee.tokens.len() + 1
                    }
                    None => leave(callee.tokens, fragments),
                }
            }
            TokenTree::Group(group) => {
                if let Some(call) = self.call_of_parentheses(before, group, rest) {
                    fragments.push(Fragment::Call(call));
                    return 2;
                }
                fragments.push(Fragment::Group(group.clone(), self.read(group.stream())));
                1
            }
            _ => leave(&rest[..1], fragments),
        }
    }

    /// Reads attributes with a mark among them, and what they stand on.
    fn marked(&mut self, rest: &[TokenTree], fragments: &mut Vec<Fragment>) -> Option<usize> {
        let (attributes, target) = rest.split_at(count_attributes(rest));
        if attributes.is_empty() || begins_item(target) {
            return None;
        }
        let stream = attributes.iter().cloned().collect();
        let mut others = Attribute::parse_outer.parse2(stream).ok()?;
        let count = others.len();
        let mark = marks::take(&mut others, self.errors);
        if others.len() == count {
            return None;
        }
        let others = quote!(#(#others)*);
        fragments.extend(others.into_iter().map(Fragment::Token));
        let found = mark
            .as_ref()
            .map(|mark| (mark, self.work_expr_at(target, mark)));
        match found {
            Some((_, Some((work_expr, length)))) => {
                fragments.push(Fragment::WorkExpr(work_expr));
                return Some(attributes.len() + length);
            }
            Some((mark, None)) => mark.refuse(self.errors),
            // It was reported.
            None => {}
        }
        Some(attributes.len())
    }

    /// Reads the closure or `async` block at the beginning of `target`.
    fn work_expr_at(&mut self, target: &[TokenTree], mark: &Mark) -> Option<(WorkExpr, usize)> {
        let read = |input: ParseStream| {
            let work_expr = if begins_async_block(target) {
                Expr::Async(input.parse()?)
            } else {
                Expr::Closure(input.parse()?)
            };
            let rest: TokenStream = input.parse()?;
            Ok((work_expr, rest.into_iter().count()))
        };
        let (expression, left) = read.parse2(target.iter().cloned().collect()).ok()?;
        let work_expr = self.work_expr(expression, mark.work)?;
        Some((work_expr, target.len() - left))
    }

    /// Reads a closure or an `async` block that does `work`, unless a mark of its own says else.
    fn work_expr(&mut self, expression: Expr, work: StartContext) -> Option<WorkExpr> {
        let (kind, body, mark) = match expression {
            Expr::Closure(mut closure) => {
                let mark = marks::take(&mut closure.attrs, self.errors);
                let body = self.closure_body(&closure);
                (WorkExprKind::Closure(Box::new(closure)), body, mark)
            }
            Expr::Async(mut block) => {
                let mark = marks::take(&mut block.attrs, self.errors);
                let body = self.read(block.block.to_token_stream());
                (WorkExprKind::Async(Box::new(block)), body, mark)
            }
            _ => return None,
        };
        let work = mark.map_or(work, |mark| mark.work);
        Some(WorkExpr { work, kind, body })
    }

    /// Reads the body of a closure. In `|| async { … }` the block is part of the work, too.
    fn closure_body(&mut self, closure: &ExprClosure) -> Vec<Fragment> {
        let is_async = closure.asyncness.is_some();
        match &*closure.body {
            block @ Expr::Async(_) if !is_async => {
                let work_expr = self.work_expr(block.clone(), StartContext::Inherited);
                work_expr.map(Fragment::WorkExpr).into_iter().collect()
            }
            body => self.read(body.to_token_stream()),
        }
    }

    /// Reads `(path)(arguments)`.
    fn call_of_parentheses(
        &mut self,
        before: Option<&TokenTree>,
        group: &Group,
        rest: &[TokenTree],
    ) -> Option<Call> {
        if self.seek != Seek::SpawnCalls {
            return None;
        }
        let callee = Callee::scan_parentheses(before, group, rest)?;
        self.call(&callee, rest)
    }

    /// Reads a call, if one can tell its arguments apart.
    fn call(&mut self, callee: &Callee, rest: &[TokenTree]) -> Option<Call> {
        let kind = callee.kind()?;
        let parentheses = callee.arguments(rest)?;
        let list = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(parentheses.stream());
        let list = match list {
            Ok(list) => list,
            Err(_) => {
                if kind == CallKind::Spawn {
                    self.refuse_opaque(&callee.last);
                }
                return None;
            }
        };
        let is_of_interest = match kind {
            CallKind::Spawn => true,
            CallKind::Pool => list.iter().any(holds_work),
            CallKind::PoolScope => list.iter().any(takes_an_argument),
        };
        if !is_of_interest {
            return None;
        }
        if callee.takes_only_work() && !list.iter().any(holds_work) {
            self.refuse_open(callee, list.last());
        }
        let pairs = list.into_pairs().map(Pair::into_tuple);
        let arguments = pairs
            .map(|(argument, comma)| (self.argument(callee, argument), comma))
            .collect();
        Some(Call {
            kind,
            callee: callee.tokens.to_vec(),
            name: callee.last.clone(),
            parentheses: parentheses.clone(),
            arguments,
        })
    }

    fn refuse_opaque(&mut self, name: &Ident) {
        let message = format!(
            "what this `{name}` is given cannot be read inside of another macro: move the call out \
             of the macro, or out of the function"
        );
        self.errors.push(name.span(), message);
    }

    /// Reports work whose type shows only where it goes to, since one must ask it before.
    fn refuse_open(&mut self, callee: &Callee, last: Option<&Expr>) {
        if let Some(name) = last.and_then(argument::open) {
            let message = format!(
                "what `{name}` makes for this `{}` shows only there, so it cannot inherit: bind it \
                 before, `let work: Type = …`, or write `{{ … }}` around it to pass it on as it is",
                callee.last
            );
            self.errors.push(name.span(), message);
        }
    }

    fn argument(&mut self, callee: &Callee, argument: Expr) -> Argument {
        if holds_work(&argument) {
            return self.with_work(callee, argument);
        }
        match argument {
            // A group is what a `macro_rules!` macro was given as an `expr`.
            Expr::Group(group) => self.argument(callee, *group.expr),
            Expr::Paren(outer) => self.argument(callee, *outer.expr),
            Expr::Path(_) | Expr::Field(_) => Argument::PathArg(argument),
            Expr::Reference(_) => Argument::Reference(self.read(argument.into_token_stream())),
            _ => {
                let shows = argument::shows_by_type(&argument, callee.takes_only_work());
                let fragments = self.read(argument.into_token_stream());
                if shows {
                    Argument::Returned(fragments)
                } else {
                    Argument::Other(fragments)
                }
            }
        }
    }

    fn with_work(&mut self, callee: &Callee, argument: Expr) -> Argument {
        let Some(wrapper) = wrapper(&argument) else {
            return match self.work_expr(argument, StartContext::Inherited) {
                Some(work_expr) => Argument::WorkExpr(work_expr),
                None => Argument::Other(Vec::new()),
            };
        };
        Argument::Wrapper(Wrapper {
            before: wrapper.before,
            parentheses: wrapper.parentheses,
            inside: Box::new(self.argument(callee, wrapper.inside.clone())),
            after: wrapper.after,
        })
    }
}

/// Keeps `tokens` as they are and says how many they are.
fn leave(tokens: &[TokenTree], fragments: &mut Vec<Fragment>) -> usize {
    fragments.extend(tokens.iter().cloned().map(Fragment::Token));
    tokens.len()
}

fn begins_async_block(tokens: &[TokenTree]) -> bool {
    let brace = if is_word(tokens.get(1), "move") { 2 } else { 1 };
    is_word(tokens.first(), "async") && is_group(tokens.get(brace), Delimiter::Brace)
}

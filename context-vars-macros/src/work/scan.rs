//! Scans a body for marks and spawn calls, and builds its plan.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::punctuated::{Pair, Punctuated};
use syn::{Attribute, Expr, ExprClosure, Token};

use super::argument::{self, holds_work, takes_an_argument};
use super::callee::{CallKind, Callee};
use super::marks::{self, Mark, Start};
use super::plan::{Argument, Call, Fragment, LocalBindings, WorkExpr, WorkExprKind, verbatim};
use crate::error::Errors;
use crate::tokens::{begins_item, count_attributes, is_group, is_word, nested_function};

/// Scans the body of a function for marks alone.
pub(crate) fn scan_marks(body: TokenStream, errors: &mut Errors) -> Vec<Fragment> {
    let bindings = None;
    Scanner { bindings, errors }.scan(body)
}

/// Scans the body of a function for marks and spawn calls.
pub(crate) fn scan_marks_and_calls(body: TokenStream, errors: &mut Errors) -> Vec<Fragment> {
    let bindings = Some(LocalBindings::new(&body));
    Scanner { bindings, errors }.scan(body)
}

struct Scanner<'a> {
    /// The names that are bound in the body, if spawn calls are looked for.
    bindings: Option<LocalBindings>,
    errors: &'a mut Errors,
}

impl Scanner<'_> {
    fn scan(&mut self, tokens: TokenStream) -> Vec<Fragment> {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut fragments = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            let (before, rest) = tokens.split_at(at);
            at += self.step(before.last(), rest, &mut fragments);
        }
        fragments
    }

    /// Scans what begins with the first of `rest` and returns the number of its tokens.
    fn step(
        &mut self,
        before: Option<&TokenTree>,
        rest: &[TokenTree],
        fragments: &mut Vec<Fragment>,
    ) -> usize {
        if let Some(count) = self.marked(rest, fragments) {
            return count;
        }
        let unchanged = match count_attributes(rest) {
            0 => nested_function(rest),
            count => count,
        };
        if unchanged > 0 {
            return leave(&rest[..unchanged], fragments);
        }
        let callee = self
            .bindings
            .as_ref()
            .and_then(|_| Callee::scan(before, rest));
        if let Some(call) = callee.as_ref().and_then(|callee| self.call(callee, rest)) {
            let length = call.callee.len() + 1;
            fragments.push(Fragment::Call(call));
            return length;
        }
        match (&rest[0], callee) {
            (TokenTree::Group(group), _) => {
                fragments.push(Fragment::Group(group.clone(), self.scan(group.stream())));
                1
            }
            (_, Some(callee)) => leave(callee.tokens, fragments),
            (_, None) => leave(&rest[..1], fragments),
        }
    }

    /// Scans attributes with a mark among them, and the expression after them.
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
        fragments.extend(verbatim(quote!(#(#others)*)));
        // Without a mark, what was taken out has been reported.
        if let Some(mark) = mark {
            if let Some((work, length)) = self.marked_work(target, &mark) {
                fragments.push(Fragment::WorkExpr(work));
                return Some(attributes.len() + length);
            }
            mark.refuse(self.errors);
        }
        Some(attributes.len())
    }

    /// Scans the closure or `async` block at the beginning of `target`.
    fn marked_work(&mut self, target: &[TokenTree], mark: &Mark) -> Option<(WorkExpr, usize)> {
        let read = |input: ParseStream| {
            let work = if begins_async_block(target) {
                Expr::Async(input.parse()?)
            } else {
                Expr::Closure(input.parse()?)
            };
            let rest: TokenStream = input.parse()?;
            Ok((work, rest.into_iter().count()))
        };
        let (expression, left) = read.parse2(target.iter().cloned().collect()).ok()?;
        let work = self.work(&expression, mark.start)?;
        Some((work, target.len() - left))
    }

    /// Scans a closure or an `async` block that starts in `start`, unless its own mark says
    /// otherwise.
    fn work(&mut self, expression: &Expr, start: Start) -> Option<WorkExpr> {
        let (kind, body, mark) = match expression {
            Expr::Closure(closure) => {
                let mut closure = closure.clone();
                let mark = marks::take(&mut closure.attrs, self.errors);
                let body = self.closure_body(&closure);
                (WorkExprKind::Closure(Box::new(closure)), body, mark)
            }
            Expr::Async(block) => {
                let mut block = block.clone();
                let mark = marks::take(&mut block.attrs, self.errors);
                let body = self.scan(block.block.to_token_stream());
                (WorkExprKind::Async(Box::new(block)), body, mark)
            }
            _ => return None,
        };
        let start = mark.map_or(start, |mark| mark.start);
        Some(WorkExpr { start, kind, body })
    }

    /// Scans the body of a closure. In `|| async { … }` the block is part of the work, too.
    fn closure_body(&mut self, closure: &ExprClosure) -> Vec<Fragment> {
        match &*closure.body {
            block @ Expr::Async(_) if closure.asyncness.is_none() => {
                let work = self.work(block, Start::Inherited);
                work.map(Fragment::WorkExpr).into_iter().collect()
            }
            body => self.scan(body.to_token_stream()),
        }
    }

    /// Scans a call, if it is one that runs work and its arguments can be told apart.
    fn call(&mut self, callee: &Callee, rest: &[TokenTree]) -> Option<Call> {
        let kind = callee.kind()?;
        let parentheses = callee.arguments(rest)?;
        let list = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(parentheses.stream());
        let Ok(list) = list else {
            if kind == CallKind::Spawn {
                self.refuse_opaque(&callee.last);
            }
            return None;
        };
        let runs_work = match kind {
            CallKind::Spawn => true,
            CallKind::Pool => list.iter().any(holds_work),
            CallKind::PoolScope => list.iter().any(takes_an_argument),
        };
        if !runs_work {
            return None;
        }
        if callee.takes_only_work() && !list.iter().any(holds_work) {
            self.refuse_open(callee, list.last());
        }
        let arguments = list
            .into_pairs()
            .map(Pair::into_tuple)
            .map(|(argument, comma)| (self.argument(callee, argument), comma))
            .collect();
        let bindings = self.bindings.as_ref()?;
        Some(Call::plan(
            callee,
            kind,
            parentheses.clone(),
            arguments,
            bindings,
        ))
    }

    fn refuse_opaque(&mut self, name: &Ident) {
        let message = format!(
            "what this `{name}` is given cannot be read inside of another macro: move the call out \
             of the macro, or out of the function"
        );
        self.errors.push(name.span(), message);
    }

    /// Reports work whose type is inferred from the parameter, since it cannot be asked before.
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
        let (wrappers, inside) = argument::unwrap(&argument);
        if let Some(work) = self.work(inside, Start::Inherited) {
            return Argument::WorkExpr(wrappers, work);
        }
        match argument {
            // A group is what a `macro_rules!` macro was given as an `expr`.
            Expr::Group(group) => self.argument(callee, *group.expr),
            Expr::Paren(outer) => self.argument(callee, *outer.expr),
            Expr::Path(_) | Expr::Field(_) => Argument::PathArg(argument),
            Expr::Reference(_) => Argument::Reference(self.scan(argument.into_token_stream())),
            _ if argument::shows_by_type(&argument, callee.takes_only_work()) => {
                Argument::Returned(self.scan(argument.into_token_stream()))
            }
            _ => Argument::Other(self.scan(argument.into_token_stream())),
        }
    }
}

/// Keeps `tokens` as they are and returns their number.
fn leave(tokens: &[TokenTree], fragments: &mut Vec<Fragment>) -> usize {
    fragments.extend(tokens.iter().cloned().map(Fragment::Token));
    tokens.len()
}

fn begins_async_block(tokens: &[TokenTree]) -> bool {
    let brace = if is_word(tokens.get(1), "move") { 2 } else { 1 };
    is_word(tokens.first(), "async") && is_group(tokens.get(brace), Delimiter::Brace)
}

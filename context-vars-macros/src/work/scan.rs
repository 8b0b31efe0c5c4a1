//! Scans a body for marks and spawn calls, and builds its plan.

use std::cell::OnceCell;
use std::mem;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprClosure, Pat, Token};

use super::argument::{self, Layer, holds_work};
use super::blocks::Blocks;
use super::callee::{CallKind, Callee};
use super::locals::Locals;
use super::marks::{self, Mark, Start};
use super::plan::{
    Call, ContextOwner, ContextVariable, Fragment, WorkExpr, WorkExprKind, WrapPlan, Wrapper,
    verbatim,
};
use crate::error::Errors;
use crate::function::Function;
use crate::tokens::{begins_item, count_attributes, is_group, is_punct, is_word, nested_function};

/// Scans the body of a function for marks alone.
pub(crate) fn scan_marks(function: &Function, errors: &mut Errors) -> Vec<Fragment> {
    scan(function, false, errors)
}

/// Scans the body of a function for marks and spawn calls.
pub(crate) fn scan_marks_and_calls(function: &Function, errors: &mut Errors) -> Vec<Fragment> {
    scan(function, true, errors)
}

fn scan(function: &Function, finds_calls: bool, errors: &mut Errors) -> Vec<Fragment> {
    let mut scanner = Scanner {
        finds_calls,
        function,
        locals: OnceCell::new(),
        blocks: Blocks::default(),
        variables: Vec::new(),
        errors,
    };
    scanner.blocks.enter_body();
    scanner.scan_block(function.body.tokens.clone())
}

struct Scanner<'a> {
    /// `true` if spawn calls are searched for, too.
    finds_calls: bool,
    function: &'a Function,
    /// The function's variables, which are searched for when they are first needed.
    locals: OnceCell<Locals>,
    /// The blocks around the current token.
    blocks: Blocks,
    /// The variables that a block around the current call declares.
    variables: Vec<ContextVariable>,
    errors: &'a mut Errors,
}

/// The macros whose tokens are not code that runs here.
const NOT_RUN: &[&str] = &["parse_quote", "quote", "quote_spanned", "stringify"];

impl Scanner<'_> {
    fn locals(&self) -> &Locals {
        let Function {
            signature, body, ..
        } = self.function;
        self.locals
            .get_or_init(|| Locals::of(signature, &body.tokens))
    }

    /// Scans the tokens in the group that was entered last, and leaves it.
    fn scan_block(&mut self, tokens: TokenStream) -> Vec<Fragment> {
        let fragments = self.scan(tokens);
        let variables = self.blocks.leave();
        let variables = variables.into_iter().map(Fragment::Variable);
        variables.chain(fragments).collect()
    }

    fn scan(&mut self, tokens: TokenStream) -> Vec<Fragment> {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut fragments = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            at += self.step(&tokens, at, &mut fragments);
        }
        fragments
    }

    /// Scans the code that begins at the index `at` and returns the number of its tokens.
    fn step(&mut self, tokens: &[TokenTree], at: usize, fragments: &mut Vec<Fragment>) -> usize {
        let (before, rest) = tokens.split_at(at);
        if let Some(count) = self.marked(rest, fragments) {
            return count;
        }
        let unchanged = match count_attributes(rest) {
            0 => nested_function(rest).max(not_run(rest)),
            count => count,
        };
        if unchanged > 0 {
            return leave(&rest[..unchanged], fragments);
        }
        self.blocks.pass(&rest[0]);
        let callee = Callee::scan(before.last(), rest).filter(|_| self.finds_calls);
        if let Some((call, length)) = callee.as_ref().and_then(|callee| self.call(callee, rest)) {
            fragments.push(call);
            return length;
        }
        match (&rest[0], callee) {
            (TokenTree::Group(group), _) => {
                self.blocks.enter(before, group);
                let inside = self.scan_block(group.stream());
                // A new group would have other spaces in the text that `stringify!` shows.
                let is_same = inside
                    .iter()
                    .all(|inside| matches!(inside, Fragment::Token(_)));
                fragments.push(if is_same {
                    Fragment::Token(rest[0].clone())
                } else {
                    Fragment::Group(group.clone(), inside)
                });
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
        // If there is no mark, the removed attributes have been reported.
        if let Some(mark) = mark {
            match self.marked_work(target, &mark) {
                Ok(Some((work, length))) => {
                    fragments.push(Fragment::WorkExpr(work));
                    return Some(attributes.len() + length);
                }
                Err(error) if begins_work(target) => mark.refuse_malformed(&error, self.errors),
                _ => mark.refuse(self.errors),
            }
        }
        Some(attributes.len())
    }

    /// Scans the closure or `async` block at the beginning of `target`.
    fn marked_work(
        &mut self,
        target: &[TokenTree],
        mark: &Mark,
    ) -> syn::Result<Option<(WorkExpr, usize)>> {
        let read = |input: ParseStream| {
            let work = if begins_async_block(target) {
                Expr::Async(input.parse()?)
            } else {
                Expr::Closure(input.parse()?)
            };
            let rest: TokenStream = input.parse()?;
            Ok((work, rest.into_iter().count()))
        };
        let (expression, left) = read.parse2(target.iter().cloned().collect())?;
        let work = self.work(&expression, mark.start, None);
        Ok(work.map(|work| (work, target.len() - left)))
    }

    /// Scans a closure or an `async` block. It starts in the context that its mark names, or in
    /// `start` if it has no mark. `callee` is the function to which a closure is given, if the
    /// closure itself is the argument.
    fn work(
        &mut self,
        expression: &Expr,
        start: Start,
        callee: Option<&Callee>,
    ) -> Option<WorkExpr> {
        let (kind, body, mark) = match expression {
            Expr::Closure(closure) => {
                let mut closure = closure.clone();
                let mark = marks::take(&mut closure.attrs, self.errors);
                let owner = self.owner_for(&closure, callee);
                let body = self.closure_body(&closure);
                (WorkExprKind::Closure(Box::new(closure), owner), body, mark)
            }
            Expr::Async(block) => {
                let mut block = block.clone();
                let mark = marks::take(&mut block.attrs, self.errors);
                self.blocks.enter_work();
                let body = self.scan_block(block.block.to_token_stream());
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
                let work = self.work(block, Start::Inherited, None);
                work.map(Fragment::WorkExpr).into_iter().collect()
            }
            body => {
                self.blocks.enter_work();
                self.scan_block(body.to_token_stream())
            }
        }
    }

    /// Decides on the owner of the context of `closure`, so that the closure stays `Fn`, `FnMut`,
    /// `Clone` and `'static`, if that is possible.
    fn owner_for(&mut self, closure: &ExprClosure, callee: Option<&Callee>) -> ContextOwner {
        let captured = self.locals().captured_by(closure);
        if closure.capture.is_some() || captured.is_empty() {
            return ContextOwner::Closure;
        }
        if closure.asyncness.is_some() || closure.lifetimes.is_some() {
            return ContextOwner::FirstCall;
        }
        if closure.inputs.iter().all(is_ignored) {
            return ContextOwner::OuterClosure;
        }
        // A closure that moves all its captures may have to be `'static`, so it borrows no context.
        let borrows = captured.values().any(|may_be_moved| !may_be_moved);
        let callee = callee.filter(|callee| borrows && !callee.calls_once());
        let Some(callee) = callee else {
            return ContextOwner::FirstCall;
        };
        if let Some(variable) = self.blocks.variable() {
            return ContextOwner::Variable(variable);
        }
        // The tokens of a receiver are not known, so there can be no block around a method call.
        if callee.is_method {
            return ContextOwner::FirstCall;
        }
        let variable = self.blocks.variable_of_call();
        self.variables.push(variable);
        ContextOwner::Variable(variable)
    }

    /// Scans a call, if it is one that runs work, and returns the number of its tokens.
    fn call(&mut self, callee: &Callee, rest: &[TokenTree]) -> Option<(Fragment, usize)> {
        let kind = callee.kind()?;
        let parentheses = callee.arguments(rest)?;
        let length = callee.tokens.len() + 1;
        let list = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(parentheses.stream());
        let Ok(list) = list else {
            // In the tokens of a macro, other syntax is not a mistake.
            let is_malformed = kind == CallKind::Spawn && !self.blocks.is_in_macro();
            let malformed = Fragment::Malformed(rest[..length].to_vec());
            return is_malformed.then_some((malformed, length));
        };
        let holds_literal = list.iter().any(holds_work);
        let is_by_type = kind == CallKind::Spawn && callee.takes_only_work() && !holds_literal;
        if !holds_literal && !is_by_type {
            return None;
        }
        let work = callee.position_of_work(&list).filter(|_| is_by_type);
        let outer = mem::take(&mut self.variables);
        let mut arguments = Vec::new();
        for (index, pair) in list.into_pairs().enumerate() {
            let (argument, comma) = pair.into_tuple();
            let plan = if is_by_type {
                self.by_type(&argument, work == Some(index))
            } else {
                self.by_form(&argument, callee)
            };
            arguments.push((plan, comma));
        }
        let call = Call {
            variables: mem::replace(&mut self.variables, outer),
            callee: callee.tokens.to_vec(),
            parentheses: parentheses.clone(),
            arguments,
        };
        Some((Fragment::Call(call), length))
    }

    /// Plans an argument that is wrapped if it is a closure or an `async` block.
    fn by_form(&mut self, argument: &Expr, callee: &Callee) -> WrapPlan {
        if !holds_work(argument) {
            return WrapPlan::Unwrapped(self.scan(argument.to_token_stream()));
        }
        let (layers, inside) = argument::unwrap(argument);
        let is_bare = |layer: &Layer| matches!(layer, Layer::Parentheses(_) | Layer::Group);
        let callee = Some(callee).filter(|_| layers.iter().all(is_bare));
        let wrappers = layers.iter().map(|layer| self.wrapper(layer)).collect();
        match self.work(inside, Start::Inherited, callee) {
            Some(work) => WrapPlan::WorkExpr(wrappers, work),
            None => WrapPlan::Unwrapped(self.scan(argument.to_token_stream())),
        }
    }

    fn wrapper(&mut self, layer: &Layer) -> Wrapper {
        let mut wrapper = Wrapper::default();
        match layer {
            Layer::Group => {}
            Layer::Parentheses(outer) => {
                wrapper.group = Some((Delimiter::Parenthesis, outer.paren_token.span.join()));
            }
            Layer::Cast(outer) => {
                let (keyword, ty) = (&outer.as_token, &outer.ty);
                wrapper.after = quote!(#keyword #ty);
            }
            Layer::Constructor(outer) => {
                wrapper.before = outer.func.to_token_stream();
                wrapper.group = Some((Delimiter::Parenthesis, outer.paren_token.span.join()));
            }
            Layer::Block(outer) => {
                let attributes = &outer.attrs;
                wrapper.before = quote!(#(#attributes)*);
                wrapper.group = Some((Delimiter::Brace, outer.block.brace_token.span.join()));
                let statements = outer.block.stmts.split_last();
                let statements = statements.map(|(_, statements)| quote!(#(#statements)*));
                wrapper.statements = self.scan(statements.unwrap_or_default());
            }
        }
        wrapper
    }

    /// Plans an argument of a call that takes nothing but work and the place where that runs.
    fn by_type(&mut self, argument: &Expr, is_work: bool) -> WrapPlan {
        let inside = argument::without_parentheses(argument);
        if argument::is_place(inside) && !self.locals().may_be_untyped(inside) {
            return WrapPlan::Place(inside.clone());
        }
        if is_work && argument::can_be_bound(inside) {
            return WrapPlan::Returned(self.scan(inside.to_token_stream()));
        }
        WrapPlan::Unwrapped(self.scan(argument.to_token_stream()))
    }
}

/// Returns `true` if a parameter is `_`.
fn is_ignored(parameter: &Pat) -> bool {
    match parameter {
        Pat::Wild(_) => true,
        Pat::Type(typed) => matches!(&*typed.pat, Pat::Wild(_)),
        _ => false,
    }
}

/// Returns the number of tokens in the macro call with which `tokens` begin, if its tokens do not
/// run here.
fn not_run(tokens: &[TokenTree]) -> usize {
    match tokens {
        [TokenTree::Ident(name), bang, TokenTree::Group(_), ..]
            if is_punct(bang, '!') && NOT_RUN.iter().any(|other| name == other) =>
        {
            3
        }
        _ => 0,
    }
}

/// Keeps `tokens` unchanged and returns their number.
fn leave(tokens: &[TokenTree], fragments: &mut Vec<Fragment>) -> usize {
    fragments.extend(tokens.iter().cloned().map(Fragment::Token));
    tokens.len()
}

/// Returns `true` if `tokens` begin with a closure or an `async` block, even if there is a mistake
/// in the rest of it.
fn begins_work(tokens: &[TokenTree]) -> bool {
    let closure = match tokens {
        [first, rest @ ..] if ["async", "move"].iter().any(|word| is_word(first, word)) => rest,
        all => all,
    };
    begins_async_block(tokens) || is_punct(closure.first(), '|') || is_word(closure.first(), "move")
}

fn begins_async_block(tokens: &[TokenTree]) -> bool {
    let brace = if is_word(tokens.get(1), "move") { 2 } else { 1 };
    is_word(tokens.first(), "async") && is_group(tokens.get(brace), Delimiter::Brace)
}

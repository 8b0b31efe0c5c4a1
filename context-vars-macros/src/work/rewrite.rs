//! Writes a plan out: the body, with contexts captured and entered where it hands out work.

use proc_macro2::{Delimiter, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprAsync, ExprClosure, ReturnType};

use super::argument::Wrapper;
use super::marks::Start;
use super::plan::{Call, Fragment, Reuse, WorkExpr, WorkExprKind, WrapPlan};
use crate::crate_path::CratePath;
use crate::function::parameters::Parameters;
use crate::function::return_type;
use crate::tokens::{self, regroup};

/// Returns the tokens of `fragments`.
pub(crate) fn rewrite(fragments: &[Fragment], crate_path: &CratePath) -> TokenStream {
    Writer { crate_path }.write(fragments)
}

struct Writer<'a> {
    crate_path: &'a CratePath,
}

impl Writer<'_> {
    fn write(&self, fragments: &[Fragment]) -> TokenStream {
        let write = |fragment: &_| match fragment {
            Fragment::Token(token) => token.to_token_stream(),
            Fragment::Group(old, inside) => regroup(old, self.write(inside)).into_token_stream(),
            Fragment::WorkExpr(work) => self.work(work),
            Fragment::Call(call) => self.call(call),
        };
        fragments.iter().map(write).collect()
    }

    fn call(&self, call: &Call) -> TokenStream {
        let mut arguments = TokenStream::new();
        for (plan, comma) in &call.arguments {
            arguments.extend(self.argument(plan));
            comma.to_tokens(&mut arguments);
        }
        let callee = &call.callee;
        let arguments = regroup(&call.parentheses, arguments);
        quote!(#(#callee)* #arguments)
    }

    fn argument(&self, plan: &WrapPlan) -> TokenStream {
        match plan {
            WrapPlan::WorkExpr(wrappers, work) => wrappers.iter().rev().fold(self.work(work), wrap),
            WrapPlan::PathArg(path, reuse) => self.path(path, *reuse),
            WrapPlan::Returned(value, reuse) => self.returned(&self.write(value), *reuse),
            WrapPlan::Unwrapped(fragments) => self.unwrapped(fragments),
        }
    }

    /// Braces around an argument say that it is not wrapped. They get a generated span, so that
    /// rustc does not warn that they are superfluous.
    fn unwrapped(&self, fragments: &[Fragment]) -> TokenStream {
        match fragments {
            [Fragment::Group(group, inside)] if group.delimiter() == Delimiter::Brace => {
                let at = tokens::hygienic_at(group.span());
                tokens::braces(self.write(inside), at).into_token_stream()
            }
            _ => self.write(fragments),
        }
    }

    /// `job` to `{ use by_type::*; (&…&Probe::<_, true>(&job)).kind().wrap(job) }`.
    ///
    /// The path is written twice, because a `&mut` that is bound to a name would be moved instead
    /// of reborrowed.
    fn path(&self, path: &Expr, reuse: Reuse) -> TokenStream {
        let probe = self.probe(reuse, path.span(), &quote!(#path));
        let wrapped = quote_spanned!(tokens::hygienic_at(path.span())=> #probe.wrap(#path));
        tokens::braces(wrapped, path.span()).into_token_stream()
    }

    /// `make()` to `match make() { work => { use by_type::*; (&…&Probe::<_, false>(&work)).kind().wrap(work) } }`.
    ///
    /// A `match`, because it keeps temporaries alive as long as the plain argument did.
    fn returned(&self, value: &TokenStream, reuse: Reuse) -> TokenStream {
        let (first, last) = tokens::ends(value);
        let at = tokens::hygienic_at(first);
        let probe = self.probe(reuse, first, &quote_spanned!(at=> __context_vars_work));
        let arm = quote_spanned!(at=> __context_vars_work => { #probe.wrap(__context_vars_work) });
        let arms = tokens::braces(arm, last);
        quote_spanned!(first=> match #value #arms)
    }

    /// Asks what the type of `value` is.
    fn probe(&self, reuse: Reuse, span: Span, value: &TokenStream) -> TokenStream {
        let private = self.crate_path.private();
        let at = tokens::hygienic_at(span);
        let reused = reuse == Reuse::AsItIs;
        quote_spanned! {at=>
            use #private::by_type::answers::*;
            (&&&&&&&&&&&&&#private::by_type::Probe::<_, #reused>(&#value)).kind()
        }
    }

    fn work(&self, work: &WorkExpr) -> TokenStream {
        let body = self.write(&work.body);
        match &work.kind {
            WorkExprKind::Closure(closure) if closure.asyncness.is_some() => {
                self.async_closure(work.start, closure, &body)
            }
            WorkExprKind::Closure(closure) => self.closure(work.start, closure, &body),
            WorkExprKind::Async(block) => self.async_block(work.start, block, &body),
        }
    }

    /// `move |a| body` to
    ///
    /// ```text
    /// {
    ///     let context = inherited();
    ///     move |a| {
    ///         let mut context = context.again();
    ///         let _scope = context.enter();
    ///         let a = a;
    ///         match () { () => body }
    ///     }
    /// }
    /// ```
    ///
    /// One without `move` must use the context up: it would borrow it otherwise.
    fn closure(&self, start: Start, closure: &ExprClosure, body: &TokenStream) -> TokenStream {
        let at = tokens::hygienic_at(closure.inputs_begin.span);
        let context = self.context_of_closure(start, closure, at);
        let mut head = closure.clone();
        let parameters = Parameters::of_closure(&mut head);
        let rebound = parameters.rebound();
        let head = closure_head(&head);
        let work = as_only_arm(body, at);
        let made = quote_spanned! {at=>
            let __context_vars_inherited = #context;
            #head {
                let mut __context_vars_inherited = __context_vars_inherited.again();
                let __context_vars_scope = __context_vars_inherited.enter();
                #rebound
                #work
            }
        };
        tokens::braces(made, begin(closure)).into_token_stream()
    }

    /// `async move |a| body` to
    ///
    /// ```text
    /// {
    ///     let context = inherited();
    ///     async move |a| context.again().future(async { body }).await
    /// }
    /// ```
    fn async_closure(
        &self,
        start: Start,
        closure: &ExprClosure,
        body: &TokenStream,
    ) -> TokenStream {
        let at = tokens::hygienic_at(closure.inputs_begin.span);
        let context = self.context_of_closure(start, closure, at);
        let head = closure_head(closure);
        let returned = match &closure.output {
            ReturnType::Default => TokenStream::new(),
            ReturnType::Type(_, ty) => return_type::expect(ty, at),
        };
        let work = as_only_arm(body, at);
        let made = quote_spanned! {at=>
            let __context_vars_inherited = #context;
            #head { __context_vars_inherited.again().future(async { #returned #work }).await }
        };
        tokens::braces(made, begin(closure)).into_token_stream()
    }

    /// `async move { body }` to `inherited().future(async move { body })`.
    fn async_block(&self, start: Start, block: &ExprAsync, body: &TokenStream) -> TokenStream {
        let at = block.async_token.span;
        let context = tokens::relocated(self.context(start, at), at);
        let ExprAsync {
            attrs,
            async_token,
            capture,
            ..
        } = block;
        let (_, last) = tokens::ends(body);
        let future = quote!(#(#attrs)* #async_token #capture #body);
        let future = tokens::group(Delimiter::Parenthesis, future, last);
        quote_spanned!(at=> #context.future #future)
    }

    /// The context of a closure, which one without `move` can give away only once.
    fn context_of_closure(&self, start: Start, closure: &ExprClosure, at: Span) -> TokenStream {
        let context = self.context(start, at);
        let once = closure
            .capture
            .is_none()
            .then(|| quote_spanned!(at=> .once()));
        quote!(#context #once)
    }

    fn context(&self, start: Start, at: Span) -> TokenStream {
        let private = self.crate_path.private();
        match start {
            Start::Inherited => quote_spanned!(at=> #private::Inherited::current()),
            Start::Empty => quote_spanned!(at=> #private::Inherited::empty()),
        }
    }
}

/// `work` to `Box::new(work)` and the like.
fn wrap(work: TokenStream, wrapper: &Wrapper) -> TokenStream {
    let work = match wrapper.parentheses {
        Some(span) => tokens::group(Delimiter::Parenthesis, work, span).into_token_stream(),
        None => work,
    };
    let (before, after) = (&wrapper.before, &wrapper.after);
    quote!(#before #work #after)
}

/// Where a closure begins.
fn begin(closure: &ExprClosure) -> Span {
    closure_head(closure).span()
}

/// All of a closure but its body.
fn closure_head(closure: &ExprClosure) -> TokenStream {
    let ExprClosure {
        attrs,
        lifetimes,
        constness,
        asyncness,
        capture,
        inputs_begin,
        inputs,
        inputs_end,
        output,
        ..
    } = closure;
    quote! {
        #(#attrs)* #lifetimes #constness #asyncness #capture
        #inputs_begin #inputs #inputs_end #output
    }
}

/// `body` to `match () { () => body }`.
///
/// The temporaries of an arm are dropped at its end. Those of a plain last expression would, up
/// to edition 2021, outlive the variables that are declared before it, which they may borrow.
pub(crate) fn as_only_arm(body: &TokenStream, at: Span) -> TokenStream {
    quote_spanned!(at=> match () { () => #body })
}

//! What is generated: the body, with contexts captured and entered where it hands out work.

use proc_macro2::{Delimiter, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprAsync, ExprClosure, ReturnType};

use super::marks::StartContext;
use super::plan::{LocalBindings, Reuse, WrapPlan};
use super::scan::{Argument, Call, Fragment, WorkExpr, WorkExprKind};
use crate::crate_path::CratePath;
use crate::function::parameters::Parameters;
use crate::function::return_type;
use crate::tokens::{self, regroup};

/// Puts bodies together again.
pub(crate) struct Writer<'a> {
    pub(crate) crate_path: &'a CratePath,
    pub(crate) names: &'a LocalBindings,
}

impl Writer<'_> {
    pub(crate) fn write(&self, fragments: &[Fragment]) -> TokenStream {
        fragments
            .iter()
            .map(|fragment| self.fragment(fragment))
            .collect()
    }

    fn fragment(&self, fragment: &Fragment) -> TokenStream {
        match fragment {
            Fragment::Token(token) => token.to_token_stream(),
            Fragment::Group(group, inside) => {
                regroup(group, self.write(inside)).into_token_stream()
            }
            Fragment::WorkExpr(work_expr) => self.work_expr(work_expr),
            Fragment::Call(call) => self.call(call),
        }
    }

    fn call(&self, call: &Call) -> TokenStream {
        let carries = call.carries(self.names);
        let mut arguments = TokenStream::new();
        for ((argument, comma), carry) in call.arguments.iter().zip(carries) {
            arguments.extend(self.argument(argument, carry));
            comma.to_tokens(&mut arguments);
        }
        let callee = &call.callee;
        let arguments = regroup(&call.parentheses, arguments);
        quote!(#(#callee)* #arguments)
    }

    fn argument(&self, argument: &Argument, carry: WrapPlan) -> TokenStream {
        match argument {
            Argument::WorkExpr(work_expr) => self.work_expr(work_expr),
            Argument::Wrapper(wrapper) => {
                let inside = self.argument(&wrapper.inside, WrapPlan::WorkExpr);
                let inside = match wrapper.parentheses {
                    Some(span) => {
                        tokens::group(Delimiter::Parenthesis, inside, span).into_token_stream()
                    }
                    None => inside,
                };
                let (before, after) = (&wrapper.before, &wrapper.after);
                quote!(#before #inside #after)
            }
            Argument::PathArg(place) => self.place(place, carry),
            Argument::Returned(fragments) => self.returned(self.write(fragments), carry),
            Argument::Reference(fragments) => self.write(fragments),
            Argument::Other(fragments) => self.other(fragments),
        }
    }

    /// What passes through; braces around it, which say so, are not for rustc to call superfluous.
    fn other(&self, fragments: &[Fragment]) -> TokenStream {
        match fragments {
            [Fragment::Group(group, inside)] if group.delimiter() == Delimiter::Brace => {
                tokens::braces(self.write(inside), tokens::hygienic_at(group.span()))
                    .into_token_stream()
            }
            _ => self.write(fragments),
        }
    }

    /// `job` to `{ use by_type::*; (&…&Probe::<_, true>(&job)).kind().wrap(job) }`.
    ///
    /// The place is written twice: bound to a name, a `&mut` would be moved instead of lent.
    fn place(&self, place: &Expr, carry: WrapPlan) -> TokenStream {
        let WrapPlan::ByType(reuse) = carry else {
            return place.to_token_stream();
        };
        let probe = self.probe(reuse, place.span(), &quote!(#place));
        let wrapped = quote_spanned!(tokens::hygienic_at(place.span())=> #probe.wrap(#place));
        tokens::braces(wrapped, place.span()).into_token_stream()
    }

    /// `make()` to `match make() { work => { use by_type::*; (&…&Probe::<_, false>(&work)).kind().wrap(work) } }`.
    ///
    /// A `match`, because it lets temporaries live as long as they did.
    fn returned(&self, value: TokenStream, carry: WrapPlan) -> TokenStream {
        let WrapPlan::ByType(reuse) = carry else {
            return value;
        };
        let (first, last) = tokens::ends(&value);
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

    fn work_expr(&self, work_expr: &WorkExpr) -> TokenStream {
        let body = self.write(&work_expr.body);
        match &work_expr.kind {
            WorkExprKind::Closure(closure) if closure.asyncness.is_some() => {
                self.async_closure(work_expr.work, closure, &body)
            }
            WorkExprKind::Closure(closure) => self.closure(work_expr.work, closure, &body),
            WorkExprKind::Async(block) => self.async_block(work_expr.work, block, &body),
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
    fn closure(
        &self,
        work: StartContext,
        closure: &ExprClosure,
        body: &TokenStream,
    ) -> TokenStream {
        let at = tokens::hygienic_at(closure.inputs_begin.span);
        let context = self.context_of_closure(work, closure, at);
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
        work: StartContext,
        closure: &ExprClosure,
        body: &TokenStream,
    ) -> TokenStream {
        let at = tokens::hygienic_at(closure.inputs_begin.span);
        let context = self.context_of_closure(work, closure, at);
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
    fn async_block(
        &self,
        work: StartContext,
        block: &ExprAsync,
        body: &TokenStream,
    ) -> TokenStream {
        let at = block.async_token.span;
        let context = tokens::relocated(self.context(work, at), at);
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
    fn context_of_closure(
        &self,
        work: StartContext,
        closure: &ExprClosure,
        at: Span,
    ) -> TokenStream {
        let context = self.context(work, at);
        let once = closure
            .capture
            .is_none()
            .then(|| quote_spanned!(at=> .once()));
        quote!(#context #once)
    }

    fn context(&self, work: StartContext, at: Span) -> TokenStream {
        let private = self.crate_path.private();
        match work {
            StartContext::Inherited => quote_spanned!(at=> #private::Inherited::current()),
            StartContext::Empty => quote_spanned!(at=> #private::Inherited::empty()),
        }
    }
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

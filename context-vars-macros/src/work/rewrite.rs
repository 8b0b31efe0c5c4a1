//! Generates the body of a plan, with contexts captured and entered where it spawns work.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprAsync, ExprClosure, ReturnType, parse_quote_spanned};

use super::marks::Start;
use super::plan::{
    Call, ContextOwner, ContextVariable, Fragment, WorkExpr, WorkExprKind, WrapPlan, Wrapper,
};
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
            Fragment::Variable(variable) => self.declaration(*variable),
            Fragment::WorkExpr(work) => self.work(work),
            Fragment::Call(call) => self.call(call),
            Fragment::Malformed(tokens) => quote!(#(#tokens)*),
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
        let output = quote!(#(#callee)* #arguments);
        if call.variables.is_empty() {
            return output;
        }
        let declarations = call
            .variables
            .iter()
            .map(|variable| self.declaration(*variable));
        // The block is in parentheses, because it would end a statement that begins with it.
        quote_spanned!(Span::mixed_site()=> ({ #(#declarations)* #output }))
    }

    fn argument(&self, plan: &WrapPlan) -> TokenStream {
        match plan {
            WrapPlan::WorkExpr(wrappers, work) => {
                let wrap = |work, wrapper: &_| self.wrap(work, wrapper);
                wrappers.iter().rev().fold(self.work(work), wrap)
            }
            WrapPlan::Place(place) => self.place(place),
            WrapPlan::Returned(value) => self.returned(&self.write(value)),
            WrapPlan::Unwrapped(fragments) => self.unwrapped(fragments),
        }
    }

    /// Generates an argument that is not wrapped. Braces that the user put around it for this
    /// purpose get a generated span, so that rustc does not warn that they are superfluous.
    fn unwrapped(&self, fragments: &[Fragment]) -> TokenStream {
        let (group, inside) = match fragments {
            [Fragment::Group(group, inside)] => (group, self.write(inside)),
            [Fragment::Token(TokenTree::Group(group))] => (group, group.stream()),
            _ => return self.write(fragments),
        };
        if group.delimiter() != Delimiter::Brace {
            return self.write(fragments);
        }
        let at = tokens::hygienic_at(group.span());
        tokens::braces(inside, at).into_token_stream()
    }

    /// Turns `work` into `Box::new(work)`, `{ let a = b; work }` or another wrapper.
    fn wrap(&self, work: TokenStream, wrapper: &Wrapper) -> TokenStream {
        let statements = self.write(&wrapper.statements);
        let work = match wrapper.group {
            Some((delimiter, span)) => {
                let inside = quote!(#statements #work);
                tokens::group(delimiter, inside, span).into_token_stream()
            }
            None => work,
        };
        let (before, after) = (&wrapper.before, &wrapper.after);
        quote!(#before #work #after)
    }

    /// Turns `job` into `{ … split(job) … }`, see `by_type`.
    ///
    /// `job` is not bound to a name, because a `&mut` that is bound is moved instead of reborrowed.
    fn place(&self, place: &Expr) -> TokenStream {
        let wrapped = self.by_type(place.span(), &quote!(#place));
        tokens::braces(wrapped, place.span()).into_token_stream()
    }

    /// Turns `make()` into `match (make()) { work => { … split(work) … } }`, see `by_type`.
    ///
    /// A `match` keeps temporaries alive as long as the plain argument did. The parentheses are for
    /// a struct literal, which cannot be matched on without them.
    fn returned(&self, value: &TokenStream) -> TokenStream {
        let (first, last) = tokens::ends(value);
        let at = tokens::hygienic_at(first);
        let wrapped = self.by_type(first, &quote_spanned!(at=> __context_vars_work));
        let arms = tokens::braces(
            quote_spanned!(at=> __context_vars_work => { #wrapped }),
            last,
        );
        let value = tokens::group(Delimiter::Parenthesis, value.clone(), at);
        quote_spanned!(first=> match #value #arms)
    }

    /// Generates the statements that wrap `work` by its type, see the runtime's `by_type.rs`.
    ///
    /// ```text
    /// use by_type::answers::*;
    /// let tag = if false { (&…&Probe(&work)).__context_vars_tag() } else { Tag::new() };
    /// let (inherited, mut call, rest) = tag.split(work);
    /// tag.join(move || { let mut inherited = again(&inherited); …; call() }, rest)
    /// ```
    ///
    /// The probe is a separate statement. In the last expression, its temporaries would be kept
    /// over the `.await` of a spawned task up to edition 2021, and the function would not be
    /// `Send`.
    fn by_type(&self, span: Span, work: &TokenStream) -> TokenStream {
        let private = self.crate_path.private();
        let by_type = quote_spanned!(tokens::hygienic_at(span)=> #private::by_type);
        let at = tokens::hygienic_at(span);
        let enter = self.enter(at, &self.again(at));
        quote_spanned! {at=>
            use #by_type::answers::*;
            let __context_vars_tag = if false {
                (&&&&&&&&#by_type::Probe(&#work)).__context_vars_tag()
            } else {
                #by_type::Tag::new()
            };
            #[allow(unused_mut)]
            let (__context_vars_inherited, mut __context_vars_call, __context_vars_rest) =
                __context_vars_tag.split(#work);
            __context_vars_tag.join(
                move || {
                    #enter
                    __context_vars_call()
                },
                __context_vars_rest,
            )
        }
    }

    fn work(&self, work: &WorkExpr) -> TokenStream {
        let body = self.write(&work.body);
        match &work.kind {
            WorkExprKind::Closure(closure, owner) => {
                self.closure(work.start, closure, *owner, &body)
            }
            WorkExprKind::Async(block) => self.async_block(work.start, block, &body),
        }
    }

    /// Turns a closure into a block that captures the context first and ends with a closure.
    fn closure(
        &self,
        start: Start,
        closure: &ExprClosure,
        owner: ContextOwner,
        body: &TokenStream,
    ) -> TokenStream {
        let at = tokens::hygienic_at(closure.inputs_begin.span);
        let context = self.context(start, at);
        let name = match owner {
            ContextOwner::Variable(variable) => variable_name(variable, at),
            _ => Ident::new("__context_vars_inherited", at),
        };
        let capture = match owner {
            ContextOwner::Variable(_) => quote_spanned!(at=> #name = #context;),
            ContextOwner::FirstCall => quote_spanned!(at=> let #name = #context.once();),
            ContextOwner::Closure | ContextOwner::OuterClosure => {
                quote_spanned!(at=> let #name = #context;)
            }
        };
        let again = match owner {
            ContextOwner::FirstCall => quote_spanned!(at=> #name.again()),
            _ => self.again_of(at, &name),
        };
        let begin = begin(closure);
        let mut closure = closure.clone();
        if owner == ContextOwner::Closure && closure.capture.is_none() {
            let span = closure.inputs_begin.span;
            closure.capture = Some(parse_quote_spanned!(span=> move));
        }
        let work = if closure.asyncness.is_some() {
            self.async_closure(&closure, &again, body, at)
        } else if owner == ContextOwner::OuterClosure {
            self.outer_closure(&closure, &again, body, at)
        } else {
            self.plain_closure(&closure, &again, body, at)
        };
        let made = quote_spanned!(at=> #capture #work);
        tokens::braces(made, begin).into_token_stream()
    }

    /// Turns `move |a| body` into
    ///
    /// ```text
    /// let inherited = inherited();
    /// move |a| {
    ///     let mut inherited = again(&inherited);
    ///     let _scope = enter(&mut inherited);
    ///     let a = a;
    ///     match () { () => body }
    /// }
    /// ```
    ///
    /// The variables that the closure has captured and does not give away are dropped with the
    /// closure, after the scope. To drop them inside the scope, the body would have to move them in,
    /// and the closure could be called only once. Only rustc knows whether one call is enough.
    fn plain_closure(
        &self,
        closure: &ExprClosure,
        again: &TokenStream,
        body: &TokenStream,
        at: Span,
    ) -> TokenStream {
        let mut head = closure.clone();
        let rebound = Parameters::of_closure(&mut head).rebound();
        let head = closure_head(&head);
        let enter = self.enter(at, again);
        let work = as_only_arm(body, at);
        quote_spanned!(at=> #head { #enter #rebound #work })
    }

    /// Turns `|_| body` into
    ///
    /// ```text
    /// let inherited = inherited();
    /// let mut work = || body;
    /// move |_| {
    ///     let mut inherited = again(&inherited);
    ///     let _scope = enter(&mut inherited);
    ///     work()
    /// }
    /// ```
    ///
    /// The inner closure captures the same variables as before, and the outer one owns the context.
    /// Rustc infers for the outer closure the same kind, `Fn`, `FnMut` or `FnOnce`, as for the inner
    /// closure that it calls. The types of parameters are inferred from the function to which the outer
    /// closure is given, so this is only for closures that ignore their arguments.
    fn outer_closure(
        &self,
        closure: &ExprClosure,
        again: &TokenStream,
        body: &TokenStream,
        at: Span,
    ) -> TokenStream {
        let mut outer = closure.clone();
        let rebound = Parameters::of_closure(&mut outer).rebound();
        let (begin, parameters, end) = (&outer.inputs_begin, &outer.inputs, &outer.inputs_end);
        let mut inner = closure.clone();
        inner.inputs.clear();
        let inner = closure_head(&inner);
        let enter = self.enter(at, again);
        quote_spanned! {at=>
            #[allow(unused_mut)]
            let mut __context_vars_work = #inner #body;
            move #begin #parameters #end { #enter #rebound __context_vars_work() }
        }
    }

    /// Turns `async move |a| body` into
    ///
    /// ```text
    /// let inherited = inherited();
    /// async move |a| again(&inherited).future(async { let a = a; body }).await
    /// ```
    fn async_closure(
        &self,
        closure: &ExprClosure,
        again: &TokenStream,
        body: &TokenStream,
        at: Span,
    ) -> TokenStream {
        let mut head = closure.clone();
        let rebound = Parameters::of_closure(&mut head).rebound();
        let head = closure_head(&head);
        let returned = match &closure.output {
            ReturnType::Default => TokenStream::new(),
            ReturnType::Type(_, ty) => return_type::expect(ty, self.crate_path, at),
        };
        let work = as_only_arm(body, at);
        quote_spanned!(at=> #head { #again.future(async { #returned #rebound #work }).await })
    }

    /// Generates `let mut inherited = again; let _scope = enter(&mut inherited);`.
    fn enter(&self, at: Span, again: &TokenStream) -> TokenStream {
        let private = self.crate_path.private();
        quote_spanned! {at=>
            let mut __context_vars_inherited = #again;
            let __context_vars_scope = #private::Inherited::enter(&mut __context_vars_inherited);
        }
    }

    fn again(&self, at: Span) -> TokenStream {
        self.again_of(at, &Ident::new("__context_vars_inherited", at))
    }

    /// Generates a copy of the context `name`. The function is called by its path, because a method of
    /// the user for every type could be found first.
    fn again_of(&self, at: Span, name: &Ident) -> TokenStream {
        let private = self.crate_path.private();
        quote_spanned!(at=> #private::Inherited::again(&#name))
    }

    /// Generates the declaration of a variable that owns the context of a closure.
    fn declaration(&self, variable: ContextVariable) -> TokenStream {
        let private = self.crate_path.private();
        let at = Span::mixed_site();
        let name = variable_name(variable, at);
        quote_spanned! {at=>
            #[allow(unused_assignments)]
            let mut #name = #private::Inherited::empty();
        }
    }

    /// Turns `async move { body }` into `inherited().future(async move { body })`.
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

    fn context(&self, start: Start, at: Span) -> TokenStream {
        let private = self.crate_path.private();
        match start {
            Start::Inherited => quote_spanned!(at=> #private::Inherited::current()),
            Start::Empty => quote_spanned!(at=> #private::Inherited::empty()),
        }
    }
}

fn variable_name(variable: ContextVariable, at: Span) -> Ident {
    format_ident!("__context_vars_inherited_{}", variable.0, span = at)
}

/// Returns the position at which a closure begins.
fn begin(closure: &ExprClosure) -> Span {
    closure_head(closure).span()
}

/// Returns all of a closure except for its body.
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

/// Turns `body` into `match () { () => body }`.
///
/// The temporaries of an arm are dropped at its end. Those of a plain last expression would, up
/// to edition 2021, outlive the variables that are declared before it, which they may borrow.
pub(crate) fn as_only_arm(body: &TokenStream, at: Span) -> TokenStream {
    quote_spanned!(at=> match () { () => #body })
}

//! Generates the function with a scope in it.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Signature, Type};

use super::async_trait::Boxed;
use super::validate::{FutureBox, Kind, ScopedFn};
use crate::function::parameters::Parameters;
use crate::function::{receiver, return_type};
use crate::tokens;
use crate::work::rewrite::{as_only_arm, rewrite};

pub(super) fn expand(mut scoped: ScopedFn) -> TokenStream {
    let body = match &scoped.kind {
        Kind::Sync if shows_receiver(&scoped) => sync_in_closure(&mut scoped),
        Kind::Sync => sync(&mut scoped),
        Kind::Async => asynchronous(&mut scoped),
        Kind::ReturnsFuture(boxed) => returns_future(&boxed.clone(), &mut scoped),
        Kind::AsyncTrait(boxed) => async_trait(boxed, &scoped),
    };
    scoped.function.with_body(&body)
}

/// Turns `fn f(a: A) -> R { body }` into
///
/// ```text
/// fn f(a: A) -> R {
///     let _scope = enter();
///     let a = a;
///     let value_0 = Computed { var: &USER, value: expression };
///     value_0.set();
///     match () { () => { body } }
/// }
/// ```
///
/// There is no closure, so that `return`, `?` and borrows in the body mean the same as before.
fn sync(scoped: &mut ScopedFn) -> TokenStream {
    let private = scoped.crate_path.private();
    let signature = &mut scoped.function.signature;
    let rebound = Parameters::of(signature).rebound();
    let receiver = receiver::rebind(signature);
    let mut values = values(scoped);
    let mut work = as_only_arm(&block(scoped), site());
    if !receiver.is_empty() {
        values = receiver::rename(values);
        work = receiver::rename(work);
    }
    quote_spanned! {site()=>
        let __context_vars_scope = #private::SyncScope::enter();
        #receiver
        #rebound
        #values
        #work
    }
}

/// Turns `fn f(self, a: A) -> R { assert!(self.0 == a) }` into
///
/// ```text
/// fn f(self, a: A) -> R {
///     sync_scope(move || -> R {
///         let _ = &self;
///         let a = a;
///         let value_0 = Computed { var: &USER, value: expression };
///         value_0.set();
///         match () { () => { assert!(self.0 == a) } }
///     })
/// }
/// ```
///
/// Only a parameter or a capture can be named `self`. A parameter is dropped after all local
/// variables, including the scope, but a capture is dropped before the scope.
fn sync_in_closure(scoped: &mut ScopedFn) -> TokenStream {
    let private = scoped.crate_path.private();
    let returned = return_type::returned(&scoped.function.signature).cloned();
    let call = quote_spanned!(site()=> #private::sync_scope);
    in_closure(&call, returned.as_ref(), scoped)
}

/// Returns `true` if a macro in the body may print its arguments, and `self` by value is among
/// them.
///
/// With `#[track_caller]` the body has to stay outside of a closure, so `self` gets another name.
fn shows_receiver(scoped: &ScopedFn) -> bool {
    let function = &scoped.function;
    let mut given = scoped.variables.iter().map(|variable| &variable.value);
    receiver::by_value(&function.signature).is_some()
        && !function.has_attribute("track_caller")
        && (receiver::is_given_to_a_macro(&function.body.tokens)
            || given.any(receiver::is_given_to_a_macro))
}

/// Turns `async fn f(a: A, b: B) -> R { body }` into
///
/// ```text
/// async fn f(a: A, b: B) -> R {
///     scope(async move {
///         let _ = &b;
///         let _ = &a;
///         if false { return never::<R>(); }
///         let value_0 = Computed { var: &USER, value: expression };
///         value_0.set();
///         match () { () => { body } }
///     }).await
/// }
/// ```
fn asynchronous(scoped: &mut ScopedFn) -> TokenStream {
    let private = scoped.crate_path.private();
    let values = values(scoped);
    let body = block(scoped);
    let signature = &mut scoped.function.signature;
    let parameters = Parameters::captured(signature, &quote!(#values #body));
    let (captures, rebound) = (parameters.captures(), parameters.rebound());
    let receiver = capture_receiver(signature);
    let expected = return_type::returned(signature)
        .map(|ty| return_type::expect(ty, &scoped.crate_path, site()));
    let work = as_only_arm(&body, site());
    quote_spanned! {site()=>
        #private::scope(async move {
            #captures
            #receiver
            #expected
            #rebound
            #values
            #work
        }).await
    }
}

/// Turns `fn f(a: A) -> impl Future { body }` into
///
/// ```text
/// fn f(a: A) -> impl Future {
///     scope_call(move || {
///         let a = a;
///         let value_0 = Computed { var: &USER, value: expression };
///         value_0.set();
///         match () { () => { body } }
///     })
/// }
/// ```
///
/// A box stays a box of the same type, because the future with the scope is boxed again.
fn returns_future(boxed: &FutureBox, scoped: &mut ScopedFn) -> TokenStream {
    let private = scoped.crate_path.private();
    let (call, returned) = match boxed {
        FutureBox::None => (quote_spanned!(site()=> #private::scope_call), None),
        FutureBox::Box(ty) => (
            quote_spanned!(site()=> #private::scope_call_boxed),
            Some(ty),
        ),
        FutureBox::PinnedBox(ty) => (
            quote_spanned!(site()=> #private::scope_call_pinned),
            Some(ty),
        ),
    };
    in_closure(&call, returned, scoped)
}

/// Generates a call of `call` with a closure that has the function's body in it.
fn in_closure(call: &TokenStream, returned: Option<&Type>, scoped: &mut ScopedFn) -> TokenStream {
    let values = values(scoped);
    let work = as_only_arm(&block(scoped), site());
    let signature = &mut scoped.function.signature;
    let rebound = Parameters::of(signature).rebound();
    let receiver = capture_receiver(signature);
    let annotation = returned.map(return_type::annotation);
    quote_spanned! {site()=>
        #call(move || #annotation {
            #receiver
            #rebound
            #values
            #work
        })
    }
}

/// Turns `Box::pin(async move { let a = a; let __ret: R = { body }; __ret })` into
///
/// ```text
/// Box::pin(scope(async move {
///     match () {
///         () => {
///             let a = a;
///             let value_0 = Computed { var: &USER, value: expression };
///             value_0.set();
///             let __ret: R = { body };
///             __ret
///         }
///     }
/// }))
/// ```
fn async_trait(boxed: &Boxed, scoped: &ScopedFn) -> TokenStream {
    let private = scoped.crate_path.private();
    let work = as_only_arm(
        &boxed.block_with(values(scoped), &scoped.crate_path),
        site(),
    );
    boxed.with(
        &scoped.crate_path,
        |head| quote_spanned!(site()=> #private::scope(#head { #work })),
    )
}

/// Generates the code that computes all values and then sets all variables.
///
/// The struct `Computed` gives each expression its expected type. A single value sets itself, because rustc
/// takes less time to check that than an array in a call.
fn values(scoped: &ScopedFn) -> TokenStream {
    let private = scoped.crate_path.private();
    let single = scoped.variables.len() == 1;
    let (mut values, mut prepared) = (TokenStream::new(), TokenStream::new());
    for (index, variable) in scoped.variables.iter().enumerate() {
        let path = &variable.path;
        let at = tokens::hygienic_at(path.span());
        let local = format_ident!("__context_vars_value_{index}", span = site());
        let value = &variable.value;
        // Only the variable has the span of the key, so that an editor describes nothing else there.
        let var = quote_spanned!(at=> &#path);
        values.extend(quote_spanned! {site()=>
            let #local = #private::Computed { var: #var, value: #value };
        });
        if single {
            values.extend(quote_spanned!(at=> #local.set();));
        } else {
            prepared.extend(quote_spanned!(at=> #local.prepare(),));
        }
    }
    if !prepared.is_empty() {
        values.extend(quote_spanned!(site()=> #private::set_all([#prepared]);));
    }
    values
}

/// Returns the rewritten body in its braces.
fn block(scoped: &ScopedFn) -> TokenStream {
    let body = rewrite(&scoped.body, &scoped.crate_path);
    tokens::braces(body, scoped.function.body.span).into_token_stream()
}

/// Generates the statement that makes a closure or an `async` block capture `self`, last of all.
fn capture_receiver(signature: &Signature) -> Option<TokenStream> {
    receiver::by_value(signature).map(|receiver| {
        let keyword = receiver.self_token;
        quote_spanned!(tokens::hygienic_at(keyword.span)=> let _ = &#keyword;)
    })
}

fn site() -> Span {
    Span::mixed_site()
}

//! What is generated.

use std::cell::Cell;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Ident;
use syn::ext::IdentExt;

use super::validate::{Call, Variable};
use crate::tokens::{self, relocated};

/// What is said about a variable that is not declared in a module.
const MISPLACED: &str = "`context_var!` stands inside a function or a block: move it out, a \
                         context variable is declared in a module";

/// Generates the statics, and what checks that they stand in a module.
///
/// ```text
/// context_var! { pub static USER: String = "anonymous".to_owned(); }
/// ```
///
/// becomes
///
/// ```text
/// pub static USER: ContextVar<String> = {
///     /* see `position_check` */
///     variable(Declaration { name: "USER", … }, Some(|| "anonymous".to_owned()))
/// };
/// const __context_var_USER: (u32, u32, u32) = (line!(), column!(), 1);
/// ```
pub(super) fn expand(call: &Call) -> TokenStream {
    // One check is enough for all, unless it might be switched off with its variable.
    let stays = |variable: &&Variable| variable.conditions().next().is_none();
    let first = call.variables.iter().position(|variable| stays(&variable));
    let place = place();
    let mut output = TokenStream::new();
    for (index, variable) in call.variables.iter().enumerate() {
        let checked = first.is_none_or(|first| first == index);
        output.extend(one(call, variable, checked.then_some(&place)));
    }
    output
}

fn one(call: &Call, variable: &Variable, place: Option<&TokenStream>) -> TokenStream {
    let crate_path = &call.crate_path;
    let Variable {
        attributes,
        visibility,
        name,
        ty,
        ..
    } = variable;
    let marker = place.map(|place| position_marker(variable, place));
    let check = place.map(|place| position_check(call, variable, place));
    let value = constructor(call, variable);
    // `static` and `;` carry the name's span: an `impl` refuses the item from the one to the other.
    let at = name.span();
    // The whole type at the written one: what is wrong with that is underlined there.
    let (first, last) = tokens::ends(&ty.to_token_stream());
    let generic = relocated(quote!(#crate_path::ContextVar<), first);
    let close = quote_spanned!(last=> >);
    let item = quote_spanned! {at=>
        static #name: #generic #ty #close = { #check #value };
    };
    quote! {
        #(#attributes)*
        #visibility #item
        #marker
    }
}

/// `variable(Declaration { … }, Some(|| default))`, with `location()` at the name.
fn constructor(call: &Call, variable: &Variable) -> TokenStream {
    let private = call.crate_path.private();
    let Variable {
        name,
        ty,
        default,
        no_inherit,
        redact,
        ..
    } = variable;
    let text = name.unraw().to_string();
    let field = text.to_lowercase();
    let site = Span::mixed_site();
    // At the type, where rustc looks when that does not do for a variable.
    let (at_type, _) = tokens::ends(&ty.to_token_stream());
    let default = match default {
        Some(default) => {
            let make = quote_spanned!(site=> || #default);
            quote_spanned!(at_type=> ::core::option::Option::Some(#make))
        }
        None => quote_spanned!(at_type=> ::core::option::Option::None),
    };
    let declaration = quote_spanned! {site=>
        #private::Declaration {
            name: #text,
            field: #field,
            module_path: ::core::module_path!(),
            no_inherit: #no_inherit,
            redact: #redact,
            debug: <#private::Show<#ty>>::DEBUG,
            display: <#private::Show<#ty>>::DISPLAY,
        }
    };
    let show = quote_spanned!(site=> use #private::NoShow as _;);
    // Every token of the call, or the location were that of the whole macro call.
    let path = relocated(quote!(#private::variable), name.span());
    quote_spanned!(name.span()=> #show #path(#declaration, #default))
}

/// The place of the macro call, beside the first variable and under a name made from its.
///
/// A `const`, because an `impl` and a `trait`, which refuse the static in rustc's words, have
/// nothing to say against one.
fn position_marker(variable: &Variable, place: &TokenStream) -> TokenStream {
    let conditions = variable.conditions();
    let marker = marker(&variable.name);
    quote_spanned! {variable.name.span()=>
        #(#conditions)*
        #[doc(hidden)]
        #[allow(dead_code, non_upper_case_globals)]
        const #marker: (u32, u32, u32) = #place;
    }
}

/// Compares the place of this call with that of the marker which the *module* has.
///
/// ```text
/// {
///     const __context_var_USER: (u32, u32, u32) = (0, 0, 0);
///     {
///         use self::*;
///         assert_in_module((line!(), column!(), 1), __context_var_USER, "…");
///     }
/// }
/// ```
///
/// A path that starts with `self::` sees the module and never the body of a function, and what a
/// glob imports into the inner block wins over the outer block's item. So the name is the marker
/// of this call if that stands in the module, and else the zeros, or the marker of another
/// variable of the same name there, which is at another place.
fn position_check(call: &Call, variable: &Variable, place: &TokenStream) -> TokenStream {
    let private = call.crate_path.private();
    let marker = marker(&variable.name);
    let at = variable.name.span();
    let assert = relocated(quote!(#private::assert_in_module), at);
    quote_spanned! {at=>
        {
            #[allow(dead_code, non_upper_case_globals)]
            const #marker: (u32, u32, u32) = (0, 0, 0);
            {
                #[allow(unused_imports, clippy::wildcard_imports)]
                use self::*;
                #assert(#place, #marker, #MISPLACED);
            }
        }
    }
}

fn marker(name: &Ident) -> Ident {
    format_ident!("__context_var_{}", name.unraw(), span = Span::call_site())
}

/// Which call this is: where it stands, and the how many-th it is.
///
/// The place alone would be that of two calls, if a `macro_rules!` macro wrote both; the number
/// alone, if a compiler asked another process about each.
fn place() -> TokenStream {
    thread_local!(static CALLS: Cell<u32> = const { Cell::new(0) });
    // Snapshots show one call as the first.
    let number = if cfg!(test) {
        1
    } else {
        CALLS.get().wrapping_add(1)
    };
    CALLS.set(number);
    quote_spanned!(Span::mixed_site()=> (::core::line!(), ::core::column!(), #number))
}

//! Generates the statics.

use std::cell::Cell;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Ident;
use syn::ext::IdentExt;

use super::validate::{ContextVars, Variable};
use crate::crate_path::CratePath;
use crate::tokens::{self, relocated};

/// The message about a variable that is not declared in a module.
const MISPLACED: &str = "context variables must be declared at module level\n\
                         help: move this `context_var!` out of the function or block";

/// Generates the statics, and the check that they are declared in a module.
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
/// const __context_var_USER_1: (u32, u32, u32) = (line!(), column!(), 1);
/// ```
pub(super) fn expand(context_vars: &ContextVars) -> TokenStream {
    let ContextVars {
        crate_path,
        variables,
    } = context_vars;
    // One check is enough for all, unless a `cfg` may remove it together with its variable.
    let stays = |variable: &Variable| variable.conditions().next().is_none();
    let first = variables.iter().position(stays);
    let position = Position::of_this_call();
    let mut output = TokenStream::new();
    for (index, variable) in variables.iter().enumerate() {
        let checked = first.is_none_or(|first| first == index);
        output.extend(item(crate_path, variable, checked.then_some(&position)));
    }
    output
}

fn item(crate_path: &CratePath, variable: &Variable, position: Option<&Position>) -> TokenStream {
    let Variable {
        attributes,
        visibility,
        name,
        ty,
        ..
    } = variable;
    let marker = position.map(|position| position_marker(variable, position));
    let check = position.map(|position| position_check(crate_path, variable, position));
    let value = constructor(crate_path, variable);
    // `static` and `;` have the name's span, because rustc underlines an item that an `impl` rejects
    // from the one to the other.
    let at = name.span();
    // All tokens of the type have spans of the written type, where its errors are underlined.
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

/// Generates `variable(Declaration { … }, Some(|| default))`, with `location()` at the name.
fn constructor(crate_path: &CratePath, variable: &Variable) -> TokenStream {
    let private = crate_path.private();
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
    // From the first to the last token of the type, which rustc underlines if the type cannot be that
    // of a variable.
    let (first, last) = tokens::ends(&ty.to_token_stream());
    let option = quote_spanned!(first=> ::core::option::Option::);
    let default = match default {
        Some(default) => {
            let make = quote_spanned!(site=> || #default);
            quote_spanned!(last=> #option Some(#make))
        }
        None => quote_spanned!(last=> #option None),
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
    // Every token has the name's span; otherwise the location is that of the whole macro call.
    let path = relocated(quote!(#private::variable), name.span());
    quote_spanned!(name.span()=> #show #path(#declaration, #default))
}

/// Generates a constant with the position of the macro call, named after the variable.
///
/// It is a `const`, because rustc rejects a static in an `impl` or a `trait` but accepts a `const`,
/// so that only the static is reported.
fn position_marker(variable: &Variable, position: &Position) -> TokenStream {
    let conditions = variable.conditions();
    let marker = marker(&variable.name, position.number);
    quote_spanned! {variable.name.span()=>
        #(#conditions)*
        #[doc(hidden)]
        #[allow(dead_code, non_upper_case_globals)]
        const #marker: (u32, u32, u32) = #position;
    }
}

/// Generates the comparison of this call's position with the marker in the *module*.
///
/// ```text
/// {
///     const __context_var_USER_1: (u32, u32, u32) = (0, 0, 0);
///     {
///         use self::*;
///         assert_in_module((line!(), column!(), 1), __context_var_USER_1, "…");
///     }
/// }
/// ```
///
/// A path that starts with `self::` sees the module and never the body of a function, and what a
/// glob imports into the inner block takes precedence over the item in the outer block. So the name
/// refers to this call's marker if the call is in the module. Otherwise it refers to the zeros, or
/// to the marker of another variable of that name in the module, which has another position.
fn position_check(crate_path: &CratePath, variable: &Variable, position: &Position) -> TokenStream {
    let private = crate_path.private();
    let marker = marker(&variable.name, position.number);
    let at = variable.name.span();
    let assert = relocated(quote!(#private::assert_in_module), at);
    quote_spanned! {at=>
        {
            #[allow(dead_code, non_upper_case_globals)]
            const #marker: (u32, u32, u32) = (0, 0, 0);
            {
                #[allow(unused_imports, clippy::wildcard_imports)]
                use self::*;
                #assert(#position, #marker, #MISPLACED);
            }
        }
    }
}

/// The number is in the name, too, so that rustc reports a second variable of the same name alone,
/// and not its marker as well.
fn marker(name: &Ident, number: u32) -> Ident {
    let name = name.unraw();
    format_ident!("__context_var_{name}_{number}", span = Span::call_site())
}

/// The position of this call: its line, its column, and its number.
///
/// Two calls in one `macro_rules!` macro share line and column. The number alone would not do
/// either, because a compiler may expand each call in another process.
struct Position {
    number: u32,
}

impl Position {
    fn of_this_call() -> Self {
        thread_local!(static CALLS: Cell<u32> = const { Cell::new(0) });
        // Every snapshot shows the first call.
        let number = if cfg!(test) {
            1
        } else {
            CALLS.get().wrapping_add(1)
        };
        CALLS.set(number);
        Self { number }
    }
}

impl ToTokens for Position {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let number = self.number;
        tokens.extend(quote_spanned! {Span::mixed_site()=>
            (::core::line!(), ::core::column!(), #number)
        });
    }
}

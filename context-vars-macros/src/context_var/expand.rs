//! Generates the statics.

use std::cell::Cell;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Ident;
use syn::ext::IdentExt;

use super::validate::{ContextVars, Variable};
use crate::crate_path::CratePath;
use crate::tokens::{self, relocated, with_ends_at};

/// Generates the statics, and the check that they are declared in a module.
///
/// ```text
/// context_var! { pub static USER: String = "anonymous".to_owned(); }
/// ```
///
/// becomes
///
/// ```text
/// pub static USER: ContextVar<String> = variable(
///     declared!("USER", "user", String, false, false, 1, __context_var_USER_1),
///     Some(|| "anonymous".to_owned()),
/// );
/// const __context_var_USER_1: (u32, u32, u32) = (line!(), column!(), 1);
/// ```
///
/// An editor shows the initializer of a static above its documentation. So the initializer is one
/// short call, and the macro `declared!` of the runtime crate contains the rest.
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
    let value = constructor(crate_path, variable, position);
    // `static` and `;` have the name's span, because rustc underlines an item that an `impl` rejects
    // from the one to the other.
    let at = name.span();
    // All tokens of the type have spans of the written type, where its errors are underlined.
    let (first, last) = tokens::ends(&ty.to_token_stream());
    let generic = relocated(quote!(#crate_path::ContextVar<), first);
    let close = quote_spanned!(last=> >);
    let item = quote_spanned!(at=> static #name: #generic #ty #close = #value;);
    quote! {
        #(#attributes)*
        #visibility #item
        #marker
    }
}

/// Generates `variable(declared!(…), Some(|| default))`, with `location()` at the name.
fn constructor(
    crate_path: &CratePath,
    variable: &Variable,
    position: Option<&Position>,
) -> TokenStream {
    let private = crate_path.private();
    let Variable {
        name, ty, default, ..
    } = variable;
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
    let declared = declared(crate_path, variable, position);
    // Its ends have the name's span; otherwise the location is that of the whole macro call. The names
    // between them have other spans, because an editor would describe them together with the variable.
    let path = with_ends_at(name.span(), quote!(#private::variable));
    quote_spanned!(name.span()=> #path(#declared, #default))
}

/// Generates the call of the runtime's `declared!`, which checks the `position`.
fn declared(
    crate_path: &CratePath,
    variable: &Variable,
    position: Option<&Position>,
) -> TokenStream {
    let private = crate_path.private();
    let Variable {
        name,
        ty,
        no_inherit,
        redact,
        ..
    } = variable;
    let text = name.unraw().to_string();
    let field = text.to_lowercase();
    let check = position.map(|position| {
        let (number, marker) = (position.number, marker(name, position.number));
        quote!(, #number, #marker)
    });
    quote_spanned! {Span::mixed_site()=>
        #private::declared!(#text, #field, #ty, #no_inherit, #redact #check)
    }
}

/// Generates a constant with the position of the macro call, named after the variable.
///
/// It is a `const`, because rustc rejects a static in an `impl` or a `trait` but accepts a `const`,
/// so that only the static is reported.
fn position_marker(variable: &Variable, position: &Position) -> TokenStream {
    let conditions = variable.conditions();
    let marker = marker(&variable.name, position.number);
    quote_spanned! {Span::mixed_site()=>
        #(#conditions)*
        #[doc(hidden)]
        #[allow(dead_code, non_upper_case_globals)]
        const #marker: (u32, u32, u32) = #position;
    }
}

/// Returns the name of the marker. It contains the number, so that for a second variable of the
/// same name rustc reports only the variable, and not its marker as well.
fn marker(name: &Ident, number: u32) -> Ident {
    let name = name.unraw();
    format_ident!("__context_var_{name}_{number}", span = Span::call_site())
}

/// The position of this call: its line, its column, and its number.
///
/// Two calls in one `macro_rules!` macro share line and column. The number alone is not unique
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

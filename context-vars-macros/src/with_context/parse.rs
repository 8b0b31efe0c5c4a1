//! Parses the settings and the function.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, Ident, Path, Token, token};

use crate::args;
use crate::attribute::Attribute;
use crate::crate_path::CratePath;
use crate::error::Errors;
use crate::function::{self, Function};
use crate::work::plan::{self, Fragment};
use crate::work::scan::scan_marks;

pub(super) struct Input {
    pub(super) crate_path: CratePath,
    pub(super) settings: Vec<Setting>,
    pub(super) function: Function,
    pub(super) body: Vec<Fragment>,
}

/// `path::to::name = value`
pub(super) struct Setting {
    pub(super) key: Path,
    pub(super) value: Expr,
}

/// Reads arguments and function; `None` if this is not a function, which is reported.
pub(super) fn parse(
    arguments: TokenStream,
    item: TokenStream,
    errors: &mut Errors,
) -> Option<Input> {
    let mut crate_path = CratePath::default();
    let mut settings = Vec::new();
    args::parse(arguments, errors, |input, errors| {
        if CratePath::peek(input) {
            return crate_path.read(input, errors);
        }
        settings.push(setting(input)?);
        Ok(())
    });
    let function = match function::parse(Attribute::WithContext, item) {
        Ok(function) => function,
        Err(error) => {
            errors.add(error);
            return None;
        }
    };
    let body = if function.has_attribute("inherit_context") {
        // That attribute is expanded later and handles the marks.
        plan::verbatim(function.body.tokens.clone())
    } else {
        scan_marks(&function, errors)
    };
    Some(Input {
        crate_path,
        settings,
        function,
        body,
    })
}

fn setting(input: ParseStream) -> syn::Result<Setting> {
    let key = key(input)?;
    let name = shown(&key);
    let equals = equals(input, &key, &name)?;
    if input.is_empty() || input.peek(Token![,]) || input.peek(Token![;]) {
        let message = format!("`{name}` has no value: write `{name} = expression`");
        return Err(syn::Error::new(equals, message));
    }
    if input.peek(Token![let]) {
        let message = format!("a `let` statement is no value: write `{name} = expression`");
        return Err(syn::Error::new(input.span(), message));
    }
    let last = args::last_span(input);
    let value = input.parse().map_err(|error: syn::Error| {
        let at = if input.is_empty() { last } else { error.span() };
        syn::Error::new(at, format!("the value of `{name}` cannot be read: {error}"))
    })?;
    Ok(Setting { key, value })
}

/// Reads the path to a variable.
fn key(input: ParseStream) -> syn::Result<Path> {
    let at = input.span();
    let advice = "write `name = expression`, with the path of a context variable for its name";
    if input.peek(syn::LitStr) {
        let text: syn::LitStr = input.parse()?;
        let name = text.value();
        let message = match syn::parse_str::<Path>(&name) {
            Ok(_) => format!("a variable is named without quotes: write `{name} = expression`"),
            Err(_) => format!("a text is no context variable: {advice}"),
        };
        return Err(syn::Error::new(at, message));
    }
    if input.peek(Token![=]) {
        return Err(syn::Error::new(
            at,
            format!("the variable is missing before `=`: {advice}"),
        ));
    }
    let is_word = input.peek(Ident::peek_any) || input.peek(Token![::]);
    let is_other = input.peek(Token![_]) || input.peek(Token![mut]) || input.peek(Token![let]);
    if !is_word || is_other {
        return Err(syn::Error::new(
            at,
            format!("this is no context variable: {advice}"),
        ));
    }
    let key = path(input)?;
    if key.is_ident("self") || key.is_ident("Self") || key.is_ident("super") {
        return Err(syn::Error::new(
            at,
            format!("`{0}` is no context variable: {advice}", shown(&key)),
        ));
    }
    Ok(key)
}

/// Reads names separated by `::`, up to the first other token.
fn path(input: ParseStream) -> syn::Result<Path> {
    let mut path = Path {
        leading_colon: input.parse()?,
        segments: Punctuated::new(),
    };
    loop {
        let at = input.span();
        let is_module =
            input.peek(Token![self]) || input.peek(Token![super]) || input.peek(Token![crate]);
        let segment: syn::Result<Ident> = if is_module {
            input.call(Ident::parse_any)
        } else {
            input.parse()
        };
        let segment = segment.map_err(|_| {
            syn::Error::new(at, "expected a name: write the path of a context variable")
        })?;
        path.segments.push_value(segment.into());
        if !input.peek(Token![::]) || input.peek3(Token![<]) {
            return Ok(path);
        }
        path.segments.push_punct(input.parse()?);
    }
}

/// Reads the `=` between a key and its value.
fn equals(input: ParseStream, key: &Path, name: &str) -> syn::Result<Span> {
    if input.peek(Token![=]) && !input.peek(Token![==]) && !input.peek(Token![=>]) {
        return Ok(input.parse::<Token![=]>()?.span);
    }
    let right = format!("write `{name} = expression`");
    let at = input.span();
    let (at, wrong) = if input.is_empty() || input.peek(Token![,]) || input.peek(Token![;]) {
        (key.span(), format!("`{name}` has no value"))
    } else if input.peek(Token![<]) || input.peek(Token![::]) {
        let wrong = format!("`{name}` is a variable, which has no generic arguments");
        (at, wrong)
    } else if input.peek(Token![:]) {
        (at, format!("`:` stands after `{name}`"))
    } else if input.peek(Token![==]) || input.peek(Token![=>]) {
        (at, format!("expected `=` after `{name}`"))
    } else if input.peek(token::Paren) {
        (at, format!("`{name}` is given its value in parentheses"))
    } else if input.peek(Token![.]) {
        (
            at,
            format!("`{name}` is a path, fields and methods are none"),
        )
    } else {
        (at, format!("expected `=` after `{name}`"))
    };
    Err(syn::Error::new(at, format!("{wrong}: {right}")))
}

/// Returns the path as it was written.
pub(super) fn shown(path: &Path) -> String {
    let names: Vec<_> = path
        .segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect();
    let leading = if path.leading_colon.is_some() {
        "::"
    } else {
        ""
    };
    format!("{leading}{}", names.join("::"))
}

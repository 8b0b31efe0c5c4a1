//! Parses the settings and the function.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::parse::discouraged::Speculative;
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, Path, Token};

use crate::attribute::{Attribute, is_named};
use crate::crate_path::CratePath;
use crate::error::{Errors, expected, mistake};
use crate::function::{self, Function};
use crate::tokens::is_punct;
use crate::work::plan::{self, Fragment};
use crate::work::scan::scan_marks;
use crate::{args, case, source_text};

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

/// Reads the arguments and the function. If the item is not a function, reports that and returns
/// `None`.
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
    let function = match function::parse(Attribute::With, item) {
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
    refuse_misspelled_crate(input)?;
    let key = key(input)?;
    let name = shown(&key);
    let equals = equals(input, &key, &name)?;
    let help = format!("give a value: `{name} = …`");
    if input.is_empty() {
        return Err(mistake(&equals, "expected an expression after `=`", help));
    }
    if input.peek(Token![,]) || input.peek(Token![;]) {
        return Err(expected(input, "an expression", help));
    }
    if input.peek(Token![let]) {
        let help = format!("compute the value in a block: `{name} = {{ let …; … }}`");
        return Err(expected(input, "an expression", help));
    }
    let last = source_text::last(source_text::up_to(',', input));
    let value = input.parse().map_err(|error: syn::Error| {
        let message = format!("cannot parse the value of `{name}`: {error}");
        let help = format!("give one expression: `{name} = …`");
        if input.is_empty() {
            mistake(&last, message, help)
        } else {
            mistake(error.span(), message, help)
        }
    })?;
    Ok(Setting { key, value })
}

/// Reports `crates = ::context_vars`, which was meant to be `crate`.
///
/// The value must look like the path of this crate, because there may be a variable `CRATES`.
fn refuse_misspelled_crate(input: ParseStream) -> syn::Result<()> {
    let ahead = input.fork();
    let Ok(name) = ahead.parse::<Ident>() else {
        return Ok(());
    };
    let is_equals = ahead.parse::<Option<Token![=]>>()?.is_some();
    let Ok(path) = ahead.call(Path::parse_mod_style) else {
        return Ok(());
    };
    let is_all = ahead.is_empty() || ahead.peek(Token![,]);
    let is_near = case::closest(&name.to_string(), &["crate"]).is_some();
    if is_equals && is_all && is_near && is_named(&path, "context_vars") {
        let help = format!("did you mean `crate = {}`?", shown(&path));
        return Err(mistake(&name, format!("unknown option `{name}`"), help));
    }
    Ok(())
}

/// Reads the path to a variable.
fn key(input: ParseStream) -> syn::Result<Path> {
    let what = "a context variable";
    let help = || format!("name a context variable: `name = {}`", value_text(input));
    if input.peek(syn::LitStr) {
        let name = input.fork().parse::<syn::LitStr>()?.value();
        let help = match syn::parse_str::<Path>(&name) {
            Ok(_) => format!("remove the quotes: `{name} = {}`", value_text(input)),
            Err(_) => help(),
        };
        return Err(expected(input, what, help));
    }
    let is_word = input.peek(Ident::peek_any) || input.peek(Token![::]);
    let is_other = input.peek(Token![_]) || input.peek(Token![mut]) || input.peek(Token![let]);
    if !is_word || is_other {
        return Err(expected(input, what, help()));
    }
    let ahead = input.fork();
    let key = path(&ahead)?;
    if key.is_ident("self") || key.is_ident("Self") || key.is_ident("super") {
        return Err(expected(input, what, help()));
    }
    input.advance_to(&ahead);
    Ok(key)
}

/// Returns the text of the value that the next argument probably has.
fn value_text(input: ParseStream) -> String {
    let argument = source_text::up_to(',', input).into_iter();
    let after_equals = argument.skip_while(|token| !is_punct(token, '='));
    // The `=` of `==` and the `>` of `=>` do not end the name.
    let value = after_equals.skip_while(|token| is_punct(token, '=') || is_punct(token, '>'));
    source_text::of_expression(value.collect())
}

/// Reads names separated by `::`, up to the first other token.
fn path(input: ParseStream) -> syn::Result<Path> {
    let mut path = Path {
        leading_colon: input.parse()?,
        segments: Punctuated::new(),
    };
    loop {
        let is_module =
            input.peek(Token![self]) || input.peek(Token![super]) || input.peek(Token![crate]);
        let segment: syn::Result<Ident> = if is_module {
            input.call(Ident::parse_any)
        } else {
            input.fork().parse()
        };
        let Ok(segment) = segment else {
            let value = value_text(input);
            let help = format!("name one variable: `{}name = {value}`", shown(&path));
            if input.is_empty() {
                return Err(mistake(&path, "expected a name after `::`", help));
            }
            return Err(expected(input, "a name", help));
        };
        if !is_module {
            input.parse::<Ident>()?;
        }
        path.segments.push_value(segment.into());
        if !input.peek(Token![::]) || input.peek3(Token![<]) {
            return Ok(path);
        }
        path.segments.push_punct(input.parse()?);
    }
}

/// Reads the `=` between a key and its value.
fn equals(input: ParseStream, key: &Path, name: &str) -> syn::Result<Token![=]> {
    if input.peek(Token![=]) && !input.peek(Token![==]) && !input.peek(Token![=>]) {
        return input.parse();
    }
    if input.is_empty() || input.peek(Token![,]) || input.peek(Token![;]) {
        let message = format!("expected `=` after `{name}`");
        return Err(mistake(key, message, format!("give a value: `{name} = …`")));
    }
    let mut value = value_text(input);
    let mut rest = source_text::up_to(',', input).into_iter();
    if value == "…" {
        // The value is in parentheses, or after another token than `=`.
        value = match rest.next() {
            Some(TokenTree::Group(group)) => source_text::of_expression(group.stream()),
            Some(TokenTree::Punct(_)) => source_text::of_expression(rest.collect()),
            _ => value,
        };
    }
    let help = if input.peek(Token![.]) {
        format!("`{name} = …`, or `{name}::variable = …` for a variable in a module")
    } else {
        format!("`{name} = {value}`")
    };
    Err(expected(input, "`=`", help))
}

/// Returns the path as it was written.
pub(super) fn shown(path: &Path) -> String {
    source_text::of(path.to_token_stream())
}

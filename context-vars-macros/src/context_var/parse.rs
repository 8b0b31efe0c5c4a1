//! Parses the declarations, each as far as it can be read.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Expr, Generics, Ident, Lifetime, Token, Type, Visibility};

use crate::crate_path::CratePath;
use crate::error::Errors;

/// One call of `context_var!`.
#[derive(Default)]
pub(super) struct Input {
    pub(super) crate_path: CratePath,
    pub(super) declarations: Vec<Declaration>,
}

/// `#[attributes] pub static NAME: Type = default;`
pub(super) struct Declaration {
    pub(super) attributes: Vec<Attribute>,
    pub(super) visibility: Visibility,
    pub(super) keyword: Keyword,
    pub(super) mutability: Option<Token![mut]>,
    pub(super) reference: Option<Token![ref]>,
    pub(super) name: Ident,
    pub(super) generics: Generics,
    /// `None` if it could not be read, which has been reported.
    pub(super) ty: Option<Type>,
    pub(super) default: Option<Expr>,
}

/// The keyword of a declaration.
pub(super) enum Keyword {
    Static,
    Other(Ident),
    Missing,
}

/// Reads all declarations; after a mistake, reading continues after the next `;`.
pub(super) fn parse(input: TokenStream, errors: &mut Errors) -> Input {
    let mut parsed = Input::default();
    let read = |input: ParseStream| {
        while !input.is_empty() {
            let start = input.cursor();
            let read = if CratePath::peek(input) {
                crate_path(input, &mut parsed, errors)
            } else {
                declaration(input, &mut parsed.declarations, errors)
            };
            if let Err(error) = read {
                errors.add(error);
                skip_declaration(input)?;
            }
            if input.cursor() == start {
                // Nothing was read, so this token is skipped to make progress.
                input.parse::<TokenTree>()?;
            }
        }
        Ok(())
    };
    if let Err(error) = read.parse2(input) {
        errors.add(error);
    }
    parsed
}

/// Reads `crate = path;`.
fn crate_path(input: ParseStream, parsed: &mut Input, errors: &mut Errors) -> syn::Result<()> {
    let start = input.span();
    parsed.crate_path.read(input, errors)?;
    if !parsed.declarations.is_empty() {
        errors.push(
            start,
            "`crate = …;` stands after a variable: write it first",
        );
    }
    end(input, "`crate = …`", start, errors)
}

/// Reads one declaration and keeps it as soon as its name is known.
fn declaration(
    input: ParseStream,
    declarations: &mut Vec<Declaration>,
    errors: &mut Errors,
) -> syn::Result<()> {
    let start = input.span();
    let attributes = attributes(input)?;
    let visibility = input.parse()?;
    if input.is_empty() {
        let message = format!("nothing is declared after this: {EXAMPLE}");
        return Err(syn::Error::new(start, message));
    }
    let keyword = keyword(input)?;
    let mutability = input.parse()?;
    let reference = input.parse()?;
    let name = name(input)?;
    let generics = input.parse()?;
    declarations.push(Declaration {
        attributes,
        visibility,
        keyword,
        mutability,
        reference,
        name: name.clone(),
        generics,
        ty: None,
        default: None,
    });
    let Some(this) = declarations.last_mut() else {
        return Ok(());
    };
    this.ty = Some(ty(input, &name)?);
    this.default = default(input, &name, errors)?;
    end(input, &format!("`{name}`"), name.span(), errors)
}

fn attributes(input: ParseStream) -> syn::Result<Vec<Attribute>> {
    if input.peek(Token![#]) && input.peek2(Token![!]) {
        let hash: Token![#] = input.parse()?;
        let message = "`#!` begins an attribute of the whole call, which takes none: write `#[…]`";
        return Err(syn::Error::new(hash.span, message));
    }
    input.call(Attribute::parse_outer)
}

const EXAMPLE: &str = "write `static NAME: Type = default;`";

/// Reads `static`, or another keyword in its place.
fn keyword(input: ParseStream) -> syn::Result<Keyword> {
    if input.parse::<Option<Token![static]>>()?.is_some() {
        return Ok(Keyword::Static);
    }
    if input.peek(Ident) && input.peek2(Token![:]) {
        return Ok(Keyword::Missing);
    }
    let at = input.span();
    match input.call(Ident::parse_any) {
        Ok(keyword) if keyword == "const" || keyword == "let" => Ok(Keyword::Other(keyword)),
        Ok(item) if ITEMS.contains(&item.to_string().as_str()) => Err(syn::Error::new(
            item.span(),
            format!(
                "`{item}` does not belong into `context_var!`: move it out, only `static`s stand here"
            ),
        )),
        _ => Err(syn::Error::new(at, format!("expected `static`: {EXAMPLE}"))),
    }
}

const ITEMS: &[&str] = &[
    "fn",
    "struct",
    "enum",
    "union",
    "trait",
    "impl",
    "mod",
    "use",
    "type",
    "extern",
    "async",
    "unsafe",
    "macro_rules",
];

fn name(input: ParseStream) -> syn::Result<Ident> {
    let at = input.span();
    if input.peek(Token![pub]) {
        input.parse::<Visibility>()?;
        let message = "`pub` stands behind `static`: write `pub static NAME: Type = default;`";
        return Err(syn::Error::new(at, message));
    }
    if input.peek(Token![_]) {
        let message = "a context variable needs a name: write `static NAME: Type;`";
        return Err(syn::Error::new(at, message));
    }
    input
        .parse()
        .map_err(|_| syn::Error::new(at, format!("expected the name of the variable: {EXAMPLE}")))
}

/// Reads `: Type`.
fn ty(input: ParseStream, name: &Ident) -> syn::Result<Type> {
    let missing = format!("`{name}` has no type: write `static {name}: Type`");
    let ends = input.peek(Token![=]) || input.peek(Token![;]) || input.is_empty();
    if ends || input.peek(Token![,]) {
        return Err(syn::Error::new(name.span(), missing));
    }
    refuse_where(input, name)?;
    if !input.peek(Token![:]) {
        let message = format!("expected `:` and the type of `{name}`: write `static {name}: Type`");
        return Err(syn::Error::new(input.span(), message));
    }
    let colon: Token![:] = input.parse()?;
    if input.peek(Token![=]) || input.peek(Token![;]) || input.is_empty() {
        return Err(syn::Error::new(colon.span, missing));
    }
    let at = input.span();
    if input.peek(Token![_]) {
        let message = format!("the type of `{name}` cannot be inferred: write it out");
        return Err(syn::Error::new(at, message));
    }
    let ty = input.parse().map_err(|error: syn::Error| {
        let message = format!("expected the type of `{name}`: write `static {name}: Type`");
        syn::Error::new(error.span(), message)
    })?;
    refuse_where(input, name)?;
    Ok(ty)
}

fn refuse_where(input: ParseStream, name: &Ident) -> syn::Result<()> {
    if input.peek(Token![where]) {
        let message = format!("`{name}` has a `where` clause: a static has none, leave it out");
        return Err(syn::Error::new(input.span(), message));
    }
    Ok(())
}

/// Reads `= expression`, if it is there.
fn default(input: ParseStream, name: &Ident, errors: &mut Errors) -> syn::Result<Option<Expr>> {
    if input.peek(Token![==]) || input.peek(Token![=>]) {
        let message = format!("the default of `{name}` begins with `=`: write `= default`");
        return Err(syn::Error::new(input.span(), message));
    }
    let Some(equals) = input.parse::<Option<Token![=]>>()? else {
        return Ok(None);
    };
    if input.is_empty() || input.peek(Token![;]) {
        let message =
            format!("nothing follows `=`: write the default of `{name}`, or leave `=` out");
        errors.push(equals.span, message);
        return Ok(None);
    }
    let start = input.span();
    if input.peek(Token![let]) {
        let message = format!(
            "a `let` statement is no value: write `{name} = …` in one expression, or in a block"
        );
        return Err(syn::Error::new(start, message));
    }
    match input.parse() {
        Ok(Expr::Assign(twice)) => {
            let message = format!("`{name}` is given two defaults: keep one of the two");
            errors.push(twice.eq_token.span, message);
            Ok(Some(*twice.left))
        }
        Ok(default) => Ok(Some(default)),
        Err(error) => {
            let at = if input.is_empty() {
                start
            } else {
                error.span()
            };
            let message = format!("the default of `{name}` cannot be read: {error}");
            Err(syn::Error::new(at, message))
        }
    }
}

/// Reads the `;` at the end of `what`.
///
/// Where the next declaration begins instead, reading continues as if the `;` were there.
fn end(input: ParseStream, what: &str, start: Span, errors: &mut Errors) -> syn::Result<()> {
    if input.parse::<Option<Token![;]>>()?.is_some() {
        return Ok(());
    }
    let at = input.span();
    if input.is_empty() {
        errors.push(
            start,
            format!("`;` is missing at the end of {what}: write it"),
        );
    } else if input.parse::<Option<Token![,]>>()?.is_some() {
        errors.push(at, format!("`,` stands at the end of {what}: write `;`"));
    } else if begins_declaration(input) {
        errors.push(
            at,
            format!("`;` is missing before this, at the end of {what}: write it"),
        );
    } else {
        let message = format!("{what} should have ended here: write `;`, or `= default` before it");
        return Err(syn::Error::new(at, message));
    }
    Ok(())
}

fn begins_declaration(input: ParseStream) -> bool {
    input.peek(Token![static]) || input.peek(Token![pub]) || input.peek(Token![#])
}

/// Skips up to the `;` that ends the declaration, or to the next declaration.
fn skip_declaration(input: ParseStream) -> syn::Result<()> {
    while !input.is_empty() && !begins_declaration(input) {
        if input.peek(Lifetime) {
            // As a whole, because the second token of `'static` looks like a declaration.
            input.parse::<Lifetime>()?;
            continue;
        }
        match input.parse::<TokenTree>()? {
            TokenTree::Punct(punct) if punct.as_char() == ';' => return Ok(()),
            // The body of a function or a struct ends it, too.
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return Ok(()),
            _ => {}
        }
    }
    Ok(())
}

impl Declaration {
    /// Returns `<T>` and `where …`, which a variable cannot have.
    pub(super) fn written_generics(&self) -> Option<TokenStream> {
        let Generics {
            lt_token,
            params,
            gt_token,
            where_clause,
        } = &self.generics;
        let written = quote!(#lt_token #params #gt_token #where_clause);
        (!written.is_empty()).then_some(written)
    }
}

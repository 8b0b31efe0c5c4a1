//! Parses the declarations, each as far as it can be read.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Expr, Generics, Ident, Lifetime, Lit, Token, Type, Visibility};

use crate::crate_path::CratePath;
use crate::error::{Errors, expected, mistake};
use crate::source_text;
use crate::tokens::is_punct;

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
    /// `None` if the type could not be read. The error has then been reported.
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
    let start = input.cursor();
    parsed.crate_path.read(input, errors)?;
    let written = source_text::since(start, input);
    let text = source_text::of(written.clone());
    if !parsed.declarations.is_empty() {
        let message = format!("`{text}` must come before the variables");
        errors.push(&written, message, format!("begin with `{text};`"));
    }
    end(
        input,
        written,
        &format!("`{text}`"),
        || format!("{text};"),
        errors,
    )
}

/// Reads one declaration and keeps it as soon as its name is known.
fn declaration(
    input: ParseStream,
    declarations: &mut Vec<Declaration>,
    errors: &mut Errors,
) -> syn::Result<()> {
    let start = input.cursor();
    let attributes = attributes(input)?;
    let visibility = input.parse()?;
    if input.is_empty() {
        let written = source_text::since(start, input);
        let text = source_text::of(written.clone());
        let message = format!("expected `static` after `{text}`");
        let help = format!("declare a variable: `{text} static NAME: Type;`");
        return Err(mistake(&written, message, help));
    }
    let keyword = keyword(input, &visibility)?;
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
    this.default = default(input, this, errors)?;
    let what = format!("the declaration of `{name}`");
    let written = source_text::since(start, input);
    end(input, written, &what, || this.text(), errors)
}

fn attributes(input: ParseStream) -> syn::Result<Vec<Attribute>> {
    if input.peek(Token![#]) && input.peek2(Token![!]) {
        let start = input.cursor();
        input.parse::<Token![#]>()?;
        input.parse::<Token![!]>()?;
        input.parse::<Option<Group>>()?;
        let written = source_text::since(start, input);
        let text = source_text::of(written.clone());
        let outer = text.replacen('!', "", 1);
        let message = format!("`{text}` cannot be applied to a whole `context_var!`");
        let help = format!("apply `{outer}` to each variable");
        return Err(mistake(&written, message, help));
    }
    input.call(Attribute::parse_outer)
}

const EXAMPLE: &str = "declare a variable: `static NAME: Type = …;`";

/// Reads `static`, or another keyword in its place.
fn keyword(input: ParseStream, visibility: &Visibility) -> syn::Result<Keyword> {
    if input.parse::<Option<Token![static]>>()?.is_some() {
        return Ok(Keyword::Static);
    }
    if input.peek(Ident) && input.peek2(Token![:]) {
        return Ok(Keyword::Missing);
    }
    if let (Visibility::Public(_), Some(TokenTree::Group(group))) =
        (visibility, source_text::next(input).into_iter().next())
    {
        let text = source_text::of(group.to_token_stream());
        let message = format!("`pub{text}` is not a visibility");
        let help = "use `pub`, `pub(crate)`, `pub(super)` or `pub(in path)`";
        return Err(mistake(&group, message, help));
    }
    let ahead = input.fork();
    match ahead.call(Ident::parse_any) {
        Ok(keyword) if keyword == "const" || keyword == "let" => {
            input.advance_to(&ahead);
            Ok(Keyword::Other(keyword))
        }
        Ok(item) if ITEMS.contains(&item.to_string().as_str()) => {
            let help = format!("move the `{item}` out of the `context_var!`");
            let error = expected(input, "`static`", help);
            input.advance_to(&ahead);
            Err(error)
        }
        _ => Err(expected(input, "`static`", EXAMPLE)),
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
    if input.peek(Token![pub]) {
        let start = input.cursor();
        input.parse::<Visibility>()?;
        let visibility = source_text::since(start, input);
        let rest = source_text::of_expression(source_text::up_to(';', input));
        let text = source_text::of(visibility.clone());
        let message = format!("`{text}` must come before `static`");
        return Err(mistake(
            &visibility,
            message,
            format!("`{text} static {rest};`"),
        ));
    }
    if let Ok(name) = input.fork().parse() {
        input.parse::<Ident>()?;
        return Ok(name);
    }
    let what = "the name of the variable";
    if input.is_empty() {
        return Err(mistake(
            Span::call_site(),
            format!("expected {what}"),
            EXAMPLE,
        ));
    }
    let mut rest = source_text::up_to(';', input).into_iter().peekable();
    let mut name = "NAME".to_owned();
    let first = rest.next_if(|token| !is_punct(token, ':'));
    if let Some(TokenTree::Literal(text)) = first {
        let inside = text.to_string();
        let inside = inside.trim_matches('"');
        if syn::parse_str::<Ident>(inside).is_ok() {
            inside.clone_into(&mut name);
        }
    }
    let help = match rest.peek() {
        Some(token) if is_punct(token, ':') => {
            format!(
                "`static {name}{};`",
                source_text::of_expression(rest.collect())
            )
        }
        _ => EXAMPLE.to_owned(),
    };
    Err(expected(input, what, help))
}

/// Reads `: Type`.
fn ty(input: ParseStream, name: &Ident) -> syn::Result<Type> {
    refuse_where(input)?;
    let rest = source_text::up_to(';', input);
    let default = || {
        let default = rest.clone().into_iter();
        let default: TokenStream = default.skip_while(|token| !is_punct(token, '=')).collect();
        match default.is_empty() {
            true => ";".to_owned(),
            false => format!(" {};", source_text::of_expression(default)),
        }
    };
    let give = |default: &str| format!("give it a type: `static {name}: Type{default}`");
    if input.is_empty() {
        return Err(mistake(
            name,
            format!("expected `:` after `{name}`"),
            give(";"),
        ));
    }
    if input.peek(Token![,]) {
        return Err(expected(input, "`:`", declared_separately(name, rest)));
    }
    if !input.peek(Token![:]) {
        let is_type = !input.peek(Token![=]) && !input.peek(Token![;]);
        let help = if is_type {
            format!("`static {name}: {};`", source_text::of_expression(rest))
        } else {
            give(&default())
        };
        return Err(expected(input, "`:`", help));
    }
    let colon: Token![:] = input.parse()?;
    if input.is_empty() {
        return Err(mistake(&colon, "expected a type after `:`", give(";")));
    }
    if input.peek(Token![_]) {
        let message = format!("the type of `{name}` cannot be inferred");
        return Err(mistake(
            &source_text::next(input),
            message,
            give(&default()),
        ));
    }
    if input.peek(Token![=]) || input.peek(Token![;]) || input.peek(Lit) {
        return Err(expected(input, "a type", give(&default())));
    }
    let ty = input.parse().map_err(|error: syn::Error| {
        let message = format!("cannot parse the type of `{name}`: {error}");
        mistake(error.span(), message, give(&default()))
    })?;
    refuse_where(input)?;
    Ok(ty)
}

/// Returns the help for `A, B: u32`, whose `rest` begins at the comma.
fn declared_separately(first: &Ident, rest: TokenStream) -> String {
    let tokens: Vec<TokenTree> = rest.into_iter().collect();
    let colon = tokens.iter().position(|token| is_punct(token, ':'));
    let (names, ty) = tokens.split_at(colon.unwrap_or(tokens.len()));
    let ty = match ty.is_empty() {
        true => ": Type".to_owned(),
        false => source_text::of_expression(ty.iter().cloned().collect()),
    };
    let names = names.iter().filter_map(|token| match token {
        TokenTree::Ident(name) => Some(name),
        _ => None,
    });
    let all = std::iter::once(first).chain(names);
    let all: Vec<_> = all.map(|name| format!("static {name}{ty};")).collect();
    format!("declare each variable separately: `{}`", all.join(" "))
}

fn refuse_where(input: ParseStream) -> syn::Result<()> {
    if input.peek(Token![where]) {
        let message = "a context variable cannot have a `where` clause";
        return Err(mistake(
            &source_text::next(input),
            message,
            "remove the clause",
        ));
    }
    Ok(())
}

/// Reads the optional `= expression`.
fn default(
    input: ParseStream,
    declaration: &Declaration,
    errors: &mut Errors,
) -> syn::Result<Option<Expr>> {
    if input.peek(Token![==]) || input.peek(Token![=>]) {
        let value: TokenStream = source_text::up_to(';', input).into_iter().skip(2).collect();
        let text = declaration.text_without_end();
        let help = format!("`{text} = {};`", source_text::of_expression(value));
        return Err(expected(input, "`=`", help));
    }
    let Some(equals) = input.parse::<Option<Token![=]>>()? else {
        return Ok(None);
    };
    let is_end = input.is_empty();
    if is_end || input.peek(Token![;]) {
        let text = declaration.text_without_end();
        let help = format!("give a default, or remove the `=`: `{text};`");
        errors.add(if is_end {
            mistake(&equals, "expected an expression after `=`", help)
        } else {
            expected(input, "an expression", help)
        });
        return Ok(None);
    }
    if input.peek(Token![let]) {
        let text = declaration.text_without_end();
        let help = format!("compute the default in a block: `{text} = {{ let …; … }};`");
        return Err(expected(input, "an expression", help));
    }
    let start = source_text::next(input);
    match input.parse() {
        Ok(Expr::Assign(twice)) => {
            let default = source_text::of_expression(twice.left.to_token_stream());
            let text = declaration.text_without_end();
            let help = format!("keep one default: `{text} = {default};`");
            errors.push(&twice.eq_token, "expected `;`, found `=`", help);
            Ok(Some(*twice.left))
        }
        Ok(default) => Ok(Some(default)),
        Err(error) => {
            let text = declaration.text_without_end();
            let name = &declaration.name;
            let message = format!("cannot parse the default of `{name}`: {error}");
            let help = format!("give one expression: `{text} = …;`");
            if input.is_empty() {
                return Err(mistake(&start, message, help));
            }
            Err(mistake(error.span(), message, help))
        }
    }
}

/// Reads the `;` after `what`, which was `written` and should be `right()`.
///
/// If the next declaration begins instead, reading continues as if the `;` were there.
fn end(
    input: ParseStream,
    written: TokenStream,
    what: &str,
    right: impl Fn() -> String,
    errors: &mut Errors,
) -> syn::Result<()> {
    if input.parse::<Option<Token![;]>>()?.is_some() {
        return Ok(());
    }
    let right = right();
    let help = format!("`{right}`");
    if input.is_empty() || begins_declaration(input) {
        let message = format!("expected `;` after {what}");
        errors.push(&source_text::last(written), message, help);
        return Ok(());
    }
    if input.peek(Token![,]) {
        errors.add(expected(input, "`;`", help));
        input.parse::<Token![,]>()?;
        return Ok(());
    }
    let has_value = written.into_iter().any(|token| is_punct(&token, '='));
    if has_value {
        return Err(expected(input, "`;`", help));
    }
    let value = source_text::of_expression(source_text::up_to(';', input));
    let help = format!("`{} = {value};`", right.trim_end_matches(';'));
    Err(expected(input, "`=` or `;`", help))
}

fn begins_declaration(input: ParseStream) -> bool {
    input.peek(Token![static]) || input.peek(Token![pub]) || input.peek(Token![#])
}

/// Skips up to the `;` that ends the declaration, or to the next declaration.
fn skip_declaration(input: ParseStream) -> syn::Result<()> {
    while !input.is_empty() && !begins_declaration(input) {
        if input.peek(Lifetime) {
            // A lifetime is skipped as a whole, because the second token of `'static` looks like a
            // declaration.
            input.parse::<Lifetime>()?;
            continue;
        }
        match input.parse::<TokenTree>()? {
            TokenTree::Punct(punct) if punct.as_char() == ';' => return Ok(()),
            // The body of a function or a struct ends the declaration, too.
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return Ok(()),
            _ => {}
        }
    }
    Ok(())
}

impl Declaration {
    /// Returns the declaration as it should have been written, without attributes.
    pub(super) fn text(&self) -> String {
        let visibility = source_text::of(self.visibility.to_token_stream());
        let space = if visibility.is_empty() { "" } else { " " };
        let name = &self.name;
        let ty = self.ty.as_ref().map_or_else(
            || "Type".to_owned(),
            |ty| source_text::of(ty.to_token_stream()),
        );
        let default = self.default.as_ref().map_or_else(String::new, |default| {
            let default = source_text::of_expression(default.to_token_stream());
            format!(" = {default}")
        });
        format!("{visibility}{space}static {name}: {ty}{default};")
    }

    /// Returns the text of the declaration without the `;`.
    fn text_without_end(&self) -> String {
        self.text().trim_end_matches(';').to_owned()
    }

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

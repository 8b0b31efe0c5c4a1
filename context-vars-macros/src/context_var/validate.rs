//! Validates the declarations.

use proc_macro2::{Span, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, Expr, Ident, Meta, Type, Visibility, parse_quote};

use super::parse::{Declaration, Input, Keyword};
use crate::crate_path::CratePath;
use crate::error::Errors;
use crate::{case, source_text};

/// The variables of one call of `context_var!`.
pub(super) struct ContextVars {
    pub(super) crate_path: CratePath,
    pub(super) variables: Vec<Variable>,
}

pub(super) struct Variable {
    /// All attributes except for those of this macro.
    pub(super) attributes: Vec<Attribute>,
    pub(super) visibility: Visibility,
    pub(super) name: Ident,
    pub(super) ty: Type,
    pub(super) default: Option<Expr>,
    pub(super) no_inherit: bool,
    pub(super) redact: bool,
}

/// The attributes of this macro.
const OWN: &[&str] = &["no_inherit", "redact"];
/// Attributes that are never taken for misspelled attributes of this macro.
const KNOWN: &[&str] = &[
    "no_inherit",
    "redact",
    "doc",
    "cfg",
    "cfg_attr",
    "allow",
    "expect",
    "warn",
    "deny",
    "forbid",
    "deprecated",
    "must_use",
];

pub(super) fn validate(input: Input, errors: &mut Errors) -> ContextVars {
    let mut variables: Vec<Variable> = Vec::new();
    for declaration in input.declarations {
        let variable = variable(declaration, errors);
        let is_again = |other: &Variable| {
            other.name == variable.name && other.conditions_text() == variable.conditions_text()
        };
        if variables.iter().any(is_again) {
            let message = format!("`{}` is declared twice", variable.name);
            errors.push(&variable.name, message, "rename one of the two");
        } else {
            variables.push(variable);
        }
    }
    ContextVars {
        crate_path: input.crate_path,
        variables,
    }
}

fn variable(declaration: Declaration, errors: &mut Errors) -> Variable {
    check_keywords(&declaration, errors);
    let generics = declaration.written_generics();
    if let Some(generics) = &generics {
        let help = "declare one for each type";
        errors.push(generics, "a context variable cannot be generic", help);
    }
    check_name(&declaration.name, errors);
    let Declaration {
        mut attributes,
        visibility,
        name,
        ty,
        default,
        ..
    } = declaration;
    let mut own = OwnAttributes::default();
    attributes.retain(|attribute| own.keep(attribute, &name, errors));
    // A variable whose type cannot be generated gets the type `()`, so that its uses cause no
    // further errors about a missing name.
    let (ty, default) = match ty {
        Some(ty) if generics.is_none() => (ty, default),
        _ => (parse_quote!(()), None),
    };
    let OwnAttributes { no_inherit, redact } = own;
    Variable {
        attributes,
        visibility,
        name,
        ty,
        default,
        no_inherit: no_inherit.is_some(),
        redact: redact.is_some(),
    }
}

/// Checks that only `static` precedes the name.
fn check_keywords(declaration: &Declaration, errors: &mut Errors) {
    let Declaration {
        keyword,
        mutability,
        reference,
        name,
        ..
    } = declaration;
    let right = declaration.text();
    match keyword {
        Keyword::Static => {}
        Keyword::Other(keyword) => {
            let message = format!("expected `static`, found `{keyword}`");
            errors.push(keyword, message, format!("`{right}`"));
        }
        Keyword::Missing => {
            let message = format!("expected `static`, found `{name}`");
            errors.push(name, message, format!("`{right}`"));
        }
    }
    if let Some(mutability) = mutability {
        let help = format!("remove `mut`; `{name}.set(value)` needs no `mut`");
        errors.push(mutability, "a context variable cannot be `mut`", help);
    }
    if let Some(reference) = reference {
        let message = "expected the name of the variable, found `ref`";
        errors.push(reference, message, format!("`{right}`"));
    }
}

/// Reports a name that is not in the case of a static.
fn check_name(name: &Ident, errors: &mut Errors) {
    let text = name.to_string();
    if !case::is_screaming(&text) {
        let right = case::screaming(&text);
        let message = format!("the context variable `{name}` must have an upper case name");
        errors.push(name, message, format!("rename it to `{right}`"));
    }
}

/// The attributes of this macro on one variable, each with its span.
#[derive(Default)]
struct OwnAttributes {
    no_inherit: Option<Span>,
    redact: Option<Span>,
}

impl OwnAttributes {
    /// Records an attribute of this macro. Returns `true` if the static keeps the attribute.
    fn keep(&mut self, attribute: &Attribute, name: &Ident, errors: &mut Errors) -> bool {
        let Some(ident) = attribute.path().get_ident() else {
            return true;
        };
        let place = match ident.to_string().as_str() {
            "no_inherit" => &mut self.no_inherit,
            "redact" => &mut self.redact,
            "cfg_attr" => return check_cfg_attr(attribute, name, errors),
            other => return check_unknown(ident, other, errors),
        };
        refuse_arguments(ident, &attribute.meta, errors);
        if place.replace(ident.span()).is_some() {
            let message = format!("duplicate attribute `#[{ident}]`");
            errors.push(ident, message, "remove one of the two");
        }
        false
    }
}

/// Reports the arguments of an attribute that takes none.
fn refuse_arguments(ident: &Ident, meta: &Meta, errors: &mut Errors) {
    let given = match meta {
        Meta::Path(_) => return,
        Meta::List(list) => list.tokens.clone(),
        Meta::NameValue(pair) => pair.value.to_token_stream(),
    };
    let help = match source_text::of(given).as_str() {
        "false" => format!("remove `#[{}]`", source_text::of(meta.to_token_stream())),
        _ => format!("remove the value: `#[{ident}]`"),
    };
    errors.push(meta, format!("`#[{ident}]` cannot be given a value"), help);
}

/// Reports an attribute that looks like a misspelled attribute of this macro.
fn check_unknown(ident: &Ident, name: &str, errors: &mut Errors) -> bool {
    let guess = match name {
        _ if KNOWN.contains(&name) => None,
        "redacted" | "secret" | "sensitive" => Some("redact"),
        "noinherit" | "not_inherited" | "local" => Some("no_inherit"),
        _ => case::closest(name, OWN),
    };
    if let Some(guess) = guess {
        let message = format!("unknown attribute `#[{name}]`");
        errors.push(ident, message, format!("did you mean `#[{guess}]`?"));
    }
    guess.is_none()
}

/// Reports `#[cfg_attr(condition, redact)]`, whose condition is unknown while the macro is expanded.
fn check_cfg_attr(attribute: &Attribute, name: &Ident, errors: &mut Errors) -> bool {
    let Meta::List(list) = &attribute.meta else {
        return true;
    };
    let ours = list.tokens.clone().into_iter().skip(1).find(
        |token| matches!(token, TokenTree::Ident(ident) if OWN.iter().any(|own| ident == own)),
    );
    let Some(ours) = ours else {
        return true;
    };
    let (condition, opposite) = source_text::conditions(list.tokens.clone());
    let message = format!("`#[{ours}]` cannot be applied by `cfg_attr`");
    let help = format!(
        "declare `{name}` twice: with `#[cfg({condition})] #[{ours}]`, and with \
         `#[cfg({opposite})]`"
    );
    errors.push(&ours, message, help);
    false
}

impl Variable {
    /// Returns the variable's `#[cfg(…)]`s, which are copied to everything that is generated for
    /// the variable.
    pub(super) fn conditions(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes
            .iter()
            .filter(|attribute| attribute.path().is_ident("cfg"))
    }

    fn conditions_text(&self) -> String {
        let conditions = self.conditions();
        quote!(#(#conditions)*).to_string()
    }
}

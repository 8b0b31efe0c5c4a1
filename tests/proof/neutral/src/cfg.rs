//! Decides which `#[cfg(…)]` hold in a build, so that only compiled functions are counted.

use std::collections::BTreeSet;
use std::process::Command;

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Token};

use crate::Result;

/// The conditions that rustc, the features and the build scripts set: `unix`, `feature="std"`.
#[derive(Default)]
pub(crate) struct Facts(BTreeSet<String>);

impl Facts {
    /// Returns what rustc sets by itself on this machine.
    pub(crate) fn of_rustc() -> Result<Self> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let output = Command::new(rustc).args(["--print", "cfg"]).output()?;
        let text = String::from_utf8(output.stdout)?;
        Ok(Self(text.lines().map(str::to_owned).collect()))
    }

    pub(crate) fn add_feature(&mut self, feature: &str) {
        self.0.insert(format!("feature=\"{feature}\""));
    }

    /// Adds what a build script printed, `name` or `name="value"`.
    pub(crate) fn add(&mut self, fact: &str) {
        self.0.insert(fact.to_owned());
    }

    /// Returns whether code under all of `conditions` is built, for the tests or for what they link.
    pub(crate) fn built(&self, conditions: &[Meta]) -> bool {
        [true, false].iter().any(|test| {
            conditions
                .iter()
                .all(|condition| self.holds(condition, *test))
        })
    }

    fn holds(&self, condition: &Meta, test: bool) -> bool {
        match condition {
            Meta::Path(path) if path.is_ident("test") => test,
            Meta::Path(path) => path
                .get_ident()
                .is_some_and(|name| self.0.contains(&name.to_string())),
            Meta::NameValue(pair) => match (&pair.path.get_ident(), &pair.value) {
                (
                    Some(name),
                    Expr::Lit(ExprLit {
                        lit: Lit::Str(value),
                        ..
                    }),
                ) => self.0.contains(&format!("{name}=\"{}\"", value.value())),
                _ => false,
            },
            Meta::List(list) => {
                let parts = list
                    .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
                    .unwrap_or_default();
                let mut parts = parts.iter().map(|part| self.holds(part, test));
                if list.path.is_ident("not") {
                    !parts.all(|holds| holds)
                } else if list.path.is_ident("any") {
                    parts.any(|holds| holds)
                } else {
                    parts.all(|holds| holds)
                }
            }
        }
    }
}

/// Returns the conditions in the `#[cfg(…)]` among `attributes`.
pub(crate) fn conditions(attributes: &[Attribute]) -> impl Iterator<Item = Meta> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .filter_map(|attribute| attribute.parse_args().ok())
}

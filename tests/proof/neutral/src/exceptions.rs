//! Compares what differs with an attribute with the exceptions that `exceptions.toml` lists.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use crate::Result;
use crate::annotate::Attribute;
use crate::crates::Crate;

/// A kind of difference that an attribute makes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A function does not compile.
    Function,
    /// A test does not pass.
    Test,
    /// rustc warns.
    Warning,
}

impl Kind {
    fn verb(self) -> &'static str {
        match self {
            Self::Function => "does not compile",
            Self::Test => "fails",
            Self::Warning => "is a new warning",
        }
    }
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    krate: String,
    attribute: Attribute,
    kind: Kind,
    name: String,
}

/// All that differs, with the first message about it.
#[derive(Default)]
pub(crate) struct Findings(BTreeMap<Finding, String>);

impl Findings {
    pub(crate) fn add(
        &mut self,
        krate: &str,
        attribute: Attribute,
        kind: Kind,
        name: String,
        message: &str,
    ) {
        let finding = Finding {
            krate: krate.to_owned(),
            attribute,
            kind,
            name,
        };
        let first = message.lines().next().unwrap_or_default();
        self.0.entry(finding).or_insert_with(|| first.to_owned());
    }

    /// Returns how many functions of `krate` do not compile with `attribute`.
    pub(crate) fn functions(&self, krate: &Crate, attribute: Attribute) -> usize {
        let of = |finding: &&Finding| {
            finding.krate == krate.name
                && finding.attribute == attribute
                && finding.kind == Kind::Function
        };
        self.0.keys().filter(of).count()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    exception: Vec<Exception>,
}

/// The differences that an attribute makes for one reason, by crate.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    attribute: Attribute,
    reason: String,
    #[serde(default)]
    functions: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    tests: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    warnings: BTreeMap<String, Vec<String>>,
}

/// The differences that are listed.
pub(crate) struct Exceptions(BTreeSet<Finding>);

impl Exceptions {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let list: List = toml::from_str(&std::fs::read_to_string(path)?)?;
        let mut exceptions = BTreeSet::new();
        for exception in list.exception {
            if exception.reason.is_empty() {
                return Err("an exception has no reason".into());
            }
            let kinds = [
                (Kind::Function, exception.functions),
                (Kind::Test, exception.tests),
                (Kind::Warning, exception.warnings),
            ];
            for (kind, crates) in kinds {
                for (krate, names) in crates {
                    exceptions.extend(names.into_iter().map(|name| Finding {
                        krate: krate.clone(),
                        attribute: exception.attribute,
                        kind,
                        name,
                    }));
                }
            }
        }
        Ok(Self(exceptions))
    }

    /// Prints what is found but not listed, and what is listed but not found. Returns whether
    /// there is nothing of either.
    pub(crate) fn compare(&self, findings: &Findings, selected: &[&Crate]) -> bool {
        let mut same = true;
        for (finding, message) in &findings.0 {
            if !self.0.contains(finding) {
                same = false;
                println!("not listed: {finding}\n    {message}");
            }
        }
        for exception in &self.0 {
            let ran = selected.iter().any(|krate| krate.name == exception.krate);
            if ran && !findings.0.contains_key(exception) {
                same = false;
                println!("no longer needed: {exception}");
            }
        }
        same
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let Self {
            krate, name, kind, ..
        } = self;
        let attribute = self.attribute.name();
        write!(f, "{krate}, `{name}` {} with #[{attribute}]", kind.verb())
    }
}

//! Reads `crates.toml`: the crates, at fixed versions.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::Result;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(rename = "crate")]
    crates: Vec<Crate>,
}

/// A published crate, and how its tests are built and run.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Crate {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The features to build with; without them, all.
    pub(crate) features: Option<Vec<String>>,
    /// The dependencies of the tests that the published manifest does not have, with versions.
    #[serde(default)]
    pub(crate) dev: BTreeMap<String, String>,
    /// `true` if the others depend on this copy, annotated as it is, and not on the published crate.
    #[serde(default)]
    pub(crate) patch: bool,
    /// `true` if `.ci/proof` runs it.
    #[serde(default)]
    pub(crate) quick: bool,
    /// The tests that are not run.
    #[serde(default)]
    pub(crate) skip: Vec<String>,
}

/// Reads the list, in which a crate comes after those that it depends on.
pub(crate) fn read(path: &Path) -> Result<Vec<Crate>> {
    let text = std::fs::read_to_string(path)?;
    Ok(toml::from_str::<List>(&text)?.crates)
}

/// Returns the crates that the command line names: all without arguments.
pub(crate) fn select(
    all: &[Crate],
    arguments: impl Iterator<Item = String>,
) -> Result<Vec<&Crate>> {
    let names: Vec<String> = arguments.collect();
    if names.is_empty() {
        return Ok(all.iter().collect());
    }
    if names == ["--quick"] {
        return Ok(all.iter().filter(|krate| krate.quick).collect());
    }
    let is_listed = |name: &&String| all.iter().any(|krate| krate.name == **name);
    if let Some(unknown) = names.iter().find(|name| !is_listed(name)) {
        return Err(format!("`{unknown}` is not in `crates.toml`").into());
    }
    let named = |krate: &&Crate| names.contains(&krate.name);
    Ok(all.iter().filter(named).collect())
}

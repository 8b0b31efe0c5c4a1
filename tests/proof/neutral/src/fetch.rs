//! Fetches the sources of the crates from the registry, by cargo.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::Result;
use crate::cargo;
use crate::crates::Crate;
use crate::workspace::copy;

/// The part of `cargo metadata` that says where a package is.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    manifest_path: PathBuf,
}

/// Returns where the published source of a crate is kept.
pub(crate) fn source(scratch: &Path, krate: &Crate) -> PathBuf {
    scratch
        .join("sources")
        .join(format!("{}-{}", krate.name, krate.version))
}

/// Returns the edition that a crate was published for.
pub(crate) fn edition(scratch: &Path, krate: &Crate) -> Result<String> {
    let manifest = fs::read_to_string(source(scratch, krate).join("Cargo.toml"))?;
    let manifest: toml::Table = toml::from_str(&manifest)?;
    let edition = manifest["package"]
        .get("edition")
        .and_then(|edition| edition.as_str());
    Ok(edition.unwrap_or("2015").to_owned())
}

/// Copies the sources of all crates to [`source`], once.
pub(crate) fn fetch(crates: &[Crate], scratch: &Path) -> Result<()> {
    if crates.iter().all(|krate| source(scratch, krate).exists()) {
        return Ok(());
    }
    let project = scratch.join("fetch");
    fs::create_dir_all(&project)?;
    fs::write(project.join("lib.rs"), "")?;
    fs::write(project.join("Cargo.toml"), manifest(crates))?;
    let output = Command::new(cargo::program())
        .args(["metadata", "--format-version", "1", "--filter-platform"])
        .arg(cargo::host()?)
        .current_dir(&project)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
    for krate in crates {
        let package = metadata
            .packages
            .iter()
            .find(|package| package.name == krate.name && package.version == krate.version)
            .and_then(|package| package.manifest_path.parent())
            .ok_or_else(|| format!("cargo did not fetch {} {}", krate.name, krate.version))?;
        copy(package, &source(scratch, krate))?;
    }
    Ok(())
}

/// Returns the manifest of a package that depends on all crates.
fn manifest(crates: &[Crate]) -> String {
    let mut manifest = String::from(
        "[workspace]\n[package]\nname = \"fetch\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [lib]\npath = \"lib.rs\"\n[dependencies]\n",
    );
    for Crate { name, version, .. } in crates {
        manifest += &format!("{name} = {{ version = \"={version}\", default-features = false }}\n");
    }
    manifest
}

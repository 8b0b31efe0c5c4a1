//! Builds the tests of a crate, and reads the messages of cargo and rustc.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::Result;
use crate::cfg::Facts;
use crate::crates::Crate;
use crate::workspace::Workspace;

/// The result of a build.
#[derive(Default)]
pub(crate) struct Build {
    /// The tests, by the name of their target.
    pub(crate) tests: BTreeMap<String, PathBuf>,
    /// The source files of the crate that were compiled, relative to its directory.
    pub(crate) files: BTreeSet<PathBuf>,
    pub(crate) facts: Facts,
    pub(crate) errors: Vec<Diagnostic>,
    /// The warnings in the crate: file and message.
    pub(crate) warnings: BTreeSet<String>,
}

/// A line of `cargo build --message-format json`.
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Line {
    CompilerMessage {
        manifest_path: PathBuf,
        message: Diagnostic,
    },
    CompilerArtifact(Artifact),
    BuildScriptExecuted {
        package_id: String,
        cfgs: Vec<String>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Artifact {
    package_id: String,
    manifest_path: PathBuf,
    target: Target,
    profile: Profile,
    features: Vec<String>,
    filenames: Vec<PathBuf>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    name: String,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// An error or a warning of rustc.
#[derive(Deserialize)]
pub(crate) struct Diagnostic {
    level: String,
    pub(crate) message: String,
    spans: Vec<Span>,
    children: Vec<Diagnostic>,
}

/// A place in the sources.
#[derive(Deserialize)]
pub(crate) struct Span {
    /// Relative to the workspace.
    pub(crate) file_name: PathBuf,
    pub(crate) byte_start: usize,
    is_primary: bool,
    expansion: Option<Box<Expansion>>,
}

#[derive(Deserialize)]
struct Expansion {
    span: Span,
}

impl Diagnostic {
    /// Returns all places: the one that is blamed first, then the others, then those of notes.
    pub(crate) fn places(&self) -> Vec<&Span> {
        let (primary, others): (Vec<_>, Vec<_>) =
            self.spans.iter().partition(|span| span.is_primary);
        primary
            .into_iter()
            .chain(others)
            .flat_map(Span::with_expansions)
            .chain(self.children.iter().flat_map(Self::places))
            .collect()
    }
}

impl Span {
    /// Returns the place, and those of the macro calls that it is in.
    fn with_expansions(&self) -> Vec<&Self> {
        let mut places = vec![self];
        while let Some(expansion) = &places[places.len() - 1].expansion {
            places.push(&expansion.span);
        }
        places
    }
}

impl Build {
    /// Returns an error with the output of rustc, if the crate does not build as published.
    pub(crate) fn expect_success(&self, krate: &Crate) -> Result<()> {
        match self.errors.first() {
            None => Ok(()),
            Some(error) => Err(format!(
                "{} does not build as published: {}",
                krate.name, error.message
            )
            .into()),
        }
    }
}

/// Builds the tests of `krate`, as far as they compile.
pub(crate) fn build(workspace: &Workspace, krate: &Crate) -> Result<Build> {
    let manifest = workspace.member(krate).join("Cargo.toml");
    let log = workspace.root.join(format!("{}.log", krate.name));
    let mut command = Command::new(program());
    command
        .args("build --tests --keep-going --locked --message-format json".split(' '))
        .arg("--manifest-path")
        .arg(&manifest)
        .arg("--target-dir")
        .arg(&workspace.target)
        .current_dir(&workspace.root)
        .stderr(File::create(&log)?);
    match &krate.features {
        None => command.arg("--all-features"),
        Some(features) => command.arg("--features").arg(features.join(",")),
    };
    let output = command.output()?;
    let lines = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
    let lines = lines.collect::<std::result::Result<Vec<Line>, _>>()?;
    let build = read(lines, &manifest, workspace)?;
    if !output.status.success() && build.errors.is_empty() {
        return Err(fs::read_to_string(&log)?.into());
    }
    Ok(build)
}

fn read(lines: Vec<Line>, manifest: &Path, workspace: &Workspace) -> Result<Build> {
    let mut build = Build {
        facts: Facts::of_rustc()?,
        ..Build::default()
    };
    let mut scripts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines {
        match line {
            Line::CompilerMessage {
                manifest_path,
                message,
            } => build.add_message(message, &manifest_path, manifest, workspace),
            Line::CompilerArtifact(artifact) if artifact.manifest_path == manifest => {
                for fact in scripts.remove(&artifact.package_id).unwrap_or_default() {
                    build.facts.add(&fact);
                }
                build.add_artifact(artifact, manifest, workspace)?;
            }
            Line::BuildScriptExecuted { package_id, cfgs } => {
                scripts.insert(package_id, cfgs);
            }
            Line::CompilerArtifact(_) | Line::Other => {}
        }
    }
    Ok(build)
}

impl Build {
    fn add_message(
        &mut self,
        message: Diagnostic,
        of: &Path,
        manifest: &Path,
        workspace: &Workspace,
    ) {
        match message.spans.first() {
            Some(_) if message.level.starts_with("error") => self.errors.push(message),
            Some(span) if of == manifest && message.level == "warning" => {
                let file = workspace.root.join(&span.file_name);
                let name = own_name(&file, manifest).unwrap_or(&file).display();
                self.warnings.insert(format!("{name}: {}", message.message));
            }
            _ => {}
        }
    }

    fn add_artifact(
        &mut self,
        artifact: Artifact,
        manifest: &Path,
        workspace: &Workspace,
    ) -> Result<()> {
        for feature in &artifact.features {
            self.facts.add_feature(feature);
        }
        for output in artifact.filenames.iter().chain(&artifact.executable) {
            for file in compiled(output)? {
                let file = workspace.root.join(file);
                let own = own_name(&file, manifest);
                self.files.extend(own.map(Path::to_owned));
            }
        }
        if let (Some(executable), true) = (artifact.executable, artifact.profile.test) {
            let Target { kind, name } = artifact.target;
            self.tests.insert(format!("{} {name}", kind[0]), executable);
        }
        Ok(())
    }
}

/// Returns the path of a file relative to the directory of the crate that it belongs to.
fn own_name<'a>(file: &'a Path, manifest: &Path) -> Option<&'a Path> {
    file.strip_prefix(manifest.parent()?).ok()
}

/// Returns the source files that rustc lists beside what it made of them.
fn compiled(output: &Path) -> Result<Vec<PathBuf>> {
    let name = output.file_stem().and_then(|name| name.to_str());
    let name = name.unwrap_or_default();
    let list = match output.extension() {
        Some(_) => output.with_file_name(format!("{}.d", name.trim_start_matches("lib"))),
        None => output.with_extension("d"),
    };
    let Ok(text) = fs::read_to_string(list) else {
        return Ok(Vec::new());
    };
    // After the rules, each file is listed as a separate rule, `src/lib.rs:`.
    Ok(text
        .lines()
        .filter_map(|line| line.strip_suffix(':'))
        .map(|file| PathBuf::from(file.replace("\\ ", " ")))
        .collect())
}

/// Returns the cargo that runs this program.
pub(crate) fn program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Chooses the versions of what the crates of a workspace depend on.
pub(crate) fn generate_lock(workspace: &Path) -> Result<()> {
    let output = Command::new(program())
        .arg("generate-lockfile")
        .current_dir(workspace)
        .output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into()),
    }
}

/// Returns the name of the platform.
pub(crate) fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output()?;
    let text = String::from_utf8(output.stdout)?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc does not say its host")?.to_owned())
}

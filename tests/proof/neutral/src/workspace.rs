//! Writes a workspace of copies of the crates, which depend on `context-vars` and on each other.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::cargo;
use crate::crates::Crate;
use crate::fetch;

/// The first lines of `crates.lock`.
const HEAD_OF_LOCK: &str = "\
# The lock file of the workspaces that `context-vars-neutral` writes below the target directory.\n\
# To renew it, delete it and run the program.\n";

/// The workspace as it is published, or with one of the attributes.
pub(crate) struct Workspace {
    name: String,
    pub(crate) root: PathBuf,
    /// Shared by all workspaces, so that what comes from the registry is built once.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Copies the crates and writes the manifests.
    ///
    /// The sources of `selected` stay as an earlier run left them, because each is annotated again
    /// before it is built; the others, which may be built as dependencies before that, do not.
    pub(crate) fn create(
        scratch: &Path,
        name: &str,
        package: &Path,
        crates: &[Crate],
        selected: &[&Crate],
    ) -> Result<Self> {
        let workspace = Self {
            name: name.to_owned(),
            root: scratch.join(name),
            target: scratch.join("target"),
        };
        for krate in crates {
            let source = fetch::source(scratch, krate);
            let member = workspace.member(krate);
            let selected = selected.iter().any(|other| other.name == krate.name);
            if !member.exists() || krate.patch || !selected {
                copy(&source, &member)?;
            }
            write(
                &member.join("Cargo.toml"),
                &manifest(krate, &source, package)?,
            )?;
        }
        write(
            &workspace.root.join("Cargo.toml"),
            &workspace.root_manifest(crates),
        )?;
        workspace.lock(&package.join("crates.lock"))?;
        Ok(workspace)
    }

    /// Fixes what the crates depend on, as in the file `lock`, which is written if there is none.
    fn lock(&self, lock: &Path) -> Result<()> {
        let own = self.root.join("Cargo.lock");
        if !lock.exists() {
            // Cargo would keep the comments at the head of an earlier one.
            if own.exists() {
                fs::remove_file(&own)?;
            }
            cargo::generate_lock(&self.root)?;
            fs::write(lock, HEAD_OF_LOCK.to_owned() + &fs::read_to_string(&own)?)?;
        }
        write(&own, &fs::read_to_string(lock)?)
    }

    pub(crate) fn member(&self, krate: &Crate) -> PathBuf {
        self.root.join(self.directory(krate))
    }

    /// Returns the path of a crate in the workspace.
    ///
    /// It contains the name of the workspace because cargo tells packages apart by this path: with
    /// the same one in two workspaces, the build of one would pass for that of the other.
    fn directory(&self, krate: &Crate) -> String {
        format!("{}-{}-{}", krate.name, krate.version, self.name)
    }

    fn root_manifest(&self, crates: &[Crate]) -> String {
        let members: Vec<String> = crates.iter().map(|krate| self.directory(krate)).collect();
        let mut manifest = format!(
            "[workspace]\nresolver = \"2\"\nmembers = {members:?}\n\n\
             [profile.dev]\ndebug = false\n\n[patch.crates-io]\n"
        );
        for krate in crates.iter().filter(|krate| krate.patch) {
            manifest += &format!(
                "{} = {{ path = {:?} }}\n",
                krate.name,
                self.directory(krate)
            );
        }
        manifest
    }
}

/// Returns the published manifest with a dependency on `context-vars`, and those of the tests that
/// were left out when it was published.
fn manifest(krate: &Crate, source: &Path, package: &Path) -> Result<String> {
    let mut manifest = fs::read_to_string(source.join("Cargo.toml"))?;
    let path = fs::canonicalize(package.join("../../../context-vars"))?;
    manifest += &format!(
        "\n[dependencies.context-vars]\npath = {path:?}\ndefault-features = false\n\
         features = [\"macros\"]\n"
    );
    for (name, version) in &krate.dev {
        manifest += &format!("[dev-dependencies.{name}]\nversion = {version:?}\n");
    }
    Ok(manifest)
}

/// Copies the files of a directory that differ, so that cargo builds only what has changed.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy(&from, &to)?;
        } else if fs::read(&to).ok() != Some(fs::read(&from)?) {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
}

/// Writes a file, unless it has this text already.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).ok().as_deref() != Some(text) {
        fs::write(path, text)?;
    }
    Ok(())
}

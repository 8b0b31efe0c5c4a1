//! Puts the attributes on every function of published crates, and runs the crates' own tests.
//!
//! ```text
//! cargo run --release -p context-vars-neutral                    # all crates, both attributes
//! cargo run --release -p context-vars-neutral -- --quick         # those that `.ci/proof` runs
//! cargo run --release -p context-vars-neutral -- tower semver    # these
//! ```
//!
//! `crates.toml` lists the crates at fixed versions, and `crates.lock` fixes what they depend on.
//! Each crate is built and tested three times: as published, with `#[with_context]` on every
//! function that it can be applied to, and with `#[inherit_context]` on every function with a spawn
//! call that takes work. Crates marked with `patch` are what others of the list depend on, so that
//! these test them, too.
//!
//! A function that does not compile with the attribute is found by the spans of rustc's errors and
//! loses the attribute. These functions, and the tests that fail, have to be exactly those that
//! `exceptions.toml` lists with a reason: a new one fails the run, and so does one that is no
//! longer needed. Warnings that appear only with the attribute are listed in the same way.
//!
//! Everything is written below the target directory, in `neutral`.

mod crates;
mod fetch;
mod cfg;
mod spawns;
mod functions;
mod workspace;
mod cargo;
mod annotate;
mod run;
mod exceptions;
mod table;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use crate::annotate::{Annotated, Attribute};
use crate::cargo::Build;
use crate::crates::Crate;
use crate::exceptions::{Exceptions, Findings, Kind};
use crate::run::Passed;
use crate::table::{Row, Table};
use crate::workspace::Workspace;

/// A result of this program: every error is a sentence for the one who runs it.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match compare() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("neutral: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether what differs is exactly what is listed.
fn compare() -> Result<bool> {
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let scratch = scratch(&package)?;
    let all = crates::read(&package.join("crates.toml"))?;
    let selected = crates::select(&all, std::env::args().skip(1))?;
    fetch::fetch(&all, &scratch)?;

    let create = |name| Workspace::create(&scratch, name, &package, &all, &selected);
    let plain = create("plain")?;
    let annotated = |attribute: Attribute| -> Result<Annotated> {
        Ok(Annotated::new(attribute, create(attribute.name())?))
    };
    let mut with_attribute = [
        annotated(Attribute::WithContext)?,
        annotated(Attribute::InheritContext)?,
    ];
    let (mut table, mut findings) = (Table::default(), Findings::default());
    for krate in &selected {
        eprintln!("{} {}", krate.name, krate.version);
        let before = Before::of(krate, &plain, &scratch)?;
        for annotated in &mut with_attribute {
            before.compare(annotated, &mut table, &mut findings)?;
        }
    }
    let exceptions = Exceptions::read(&package.join("exceptions.toml"))?;
    let listed = exceptions.compare(&findings, &selected);
    table.print_sum(&findings, listed);
    Ok(listed)
}

/// A crate as it is published.
struct Before<'a> {
    krate: &'a Crate,
    edition: String,
    source: PathBuf,
    build: Build,
    passed: Passed,
}

impl<'a> Before<'a> {
    /// Builds and tests `krate`.
    fn of(krate: &'a Crate, plain: &Workspace, scratch: &Path) -> Result<Self> {
        let build = cargo::build(plain, krate)?;
        build.expect_success(krate)?;
        Ok(Self {
            krate,
            edition: fetch::edition(scratch, krate)?,
            source: fetch::source(scratch, krate),
            passed: run::run(plain, krate, &build)?,
            build,
        })
    }

    /// Builds and tests the crate with an attribute, and prints a row of the table.
    fn compare(
        &self,
        annotated: &mut Annotated,
        table: &mut Table,
        findings: &mut Findings,
    ) -> Result<()> {
        let (krate, attribute) = (self.krate, annotated.attribute);
        let count = annotated.annotate(krate, &self.source, &self.build)?;
        if count.annotated == 0 {
            return Ok(());
        }
        let began = Instant::now();
        let build = annotated.build(krate, findings)?;
        let is_published = |test| self.build.tests.values().any(|other| other == test);
        if build.tests.values().any(is_published) {
            return Err("cargo takes the published crate for the annotated one".into());
        }
        for warning in build.warnings.difference(&self.build.warnings) {
            findings.add(&krate.name, attribute, Kind::Warning, warning.clone(), "");
        }
        let after = run::run(&annotated.workspace, krate, &build)?;
        let lost = self
            .passed
            .lost(&after, &annotated.workspace, krate, &build)?;
        for test in &lost {
            eprintln!("{} {test} fails", krate.name);
            findings.add(&krate.name, attribute, Kind::Test, test.clone(), "");
        }
        table.print(&Row {
            krate,
            edition: &self.edition,
            attribute,
            count,
            refused: findings.functions(krate, attribute),
            before: self.passed.len(),
            after: self.passed.len() - lost.len(),
            seconds: began.elapsed().as_secs(),
        });
        Ok(())
    }
}

/// Returns the directory for everything that is fetched and built.
fn scratch(package: &Path) -> Result<PathBuf> {
    let root = std::fs::canonicalize(package.join("../../.."))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    Ok(root.join(target).join("neutral"))
}

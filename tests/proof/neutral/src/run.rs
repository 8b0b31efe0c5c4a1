//! Runs tests, and notes which pass.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::cargo::{self, Build};
use crate::crates::Crate;
use crate::workspace::Workspace;

/// The time limit for the tests of one target.
const LIMIT: Duration = Duration::from_secs(300);
/// The number of times that a failed test is run again by itself, because some depend on time.
const ATTEMPTS: usize = 3;

/// A test: the target, and its name there.
type Test = (String, String);

/// The tests that pass.
pub(crate) struct Passed(BTreeSet<Test>);

impl Passed {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the tests that passed before, and do not in `build`, not even by themselves.
    pub(crate) fn lost(
        &self,
        after: &Self,
        workspace: &Workspace,
        krate: &Crate,
        build: &Build,
    ) -> Result<Vec<String>> {
        let mut lost = Vec::new();
        for test in self.0.difference(&after.0) {
            if !passes(workspace, krate, build, test)? {
                lost.push(format!("{}: {}", test.0, test.1));
            }
        }
        Ok(lost)
    }
}

/// Runs all tests of `krate`.
pub(crate) fn run(workspace: &Workspace, krate: &Crate, build: &Build) -> Result<Passed> {
    let mut passed = BTreeSet::new();
    for (target, executable) in &build.tests {
        let names = passing(workspace, krate, executable, &[])?;
        passed.extend(names.into_iter().map(|name| (target.clone(), name)));
    }
    Ok(Passed(passed))
}

/// Returns whether a test passes by itself.
fn passes(workspace: &Workspace, krate: &Crate, build: &Build, test: &Test) -> Result<bool> {
    let (target, name) = test;
    let Some(executable) = build.tests.get(target) else {
        return Ok(false);
    };
    for _ in 0..ATTEMPTS {
        if passing(workspace, krate, executable, &["--exact", name])?.contains(name) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns the tests of an executable that pass; one without a harness counts as a test `main`.
fn passing(
    workspace: &Workspace,
    krate: &Crate,
    executable: &Path,
    arguments: &[&str],
) -> Result<BTreeSet<String>> {
    let member = workspace.member(krate);
    let log = workspace.root.join(format!("{}.tests.log", krate.name));
    let mut command = Command::new(executable);
    for name in &krate.skip {
        command.args(["--skip", name]);
    }
    let mut child = command
        .args(arguments)
        .current_dir(&member)
        .env("CARGO", cargo::program())
        .env("CARGO_MANIFEST_DIR", &member)
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::null())
        .stdout(File::create(&log)?)
        .stderr(File::create(log.with_extension("stderr"))?)
        .spawn()?;
    let began = Instant::now();
    let success = loop {
        if let Some(status) = child.try_wait()? {
            break status.success();
        }
        if began.elapsed() > LIMIT {
            child.kill()?;
            child.wait()?;
            break false;
        }
        thread::sleep(Duration::from_millis(5));
    };
    let output = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    if !output.contains("\nrunning ") && !output.starts_with("running ") {
        return Ok(success.then(|| "main".to_owned()).into_iter().collect());
    }
    Ok(output.lines().filter_map(passed).collect())
}

/// Returns the name in `test NAME ... ok`, or `test NAME - should panic ... ok`.
fn passed(line: &str) -> Option<String> {
    let name = line.strip_prefix("test ")?.strip_suffix(" ... ok")?;
    Some(name.trim_end_matches(" - should panic").to_owned())
}

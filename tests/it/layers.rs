//! The ladder of DESIGN section 7: a file imports only from rows above it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The ladder is what `lib.rs` writes down: the order of its `mod` lines.
fn ladder(source: &Path) -> Vec<String> {
    let lib = fs::read_to_string(source.join("lib.rs")).unwrap();
    let modules = lib.lines().filter_map(|line| {
        let line = line.trim();
        let name = line
            .strip_prefix("mod ")
            .or_else(|| line.strip_prefix("pub mod "))?;
        name.strip_suffix(';').map(str::to_owned)
    });
    modules.collect()
}

/// The crate's own modules that a source file names.
fn imports(text: &str) -> Vec<String> {
    let code = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or(""));
    let mut found = Vec::new();
    for line in code {
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            found.push(rest[..end].to_owned());
        }
    }
    found
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../context-vars/src")
}

/// Every import that goes up the ladder or past it, as `file -> module`.
fn offences(ladder: &[String], files: &BTreeMap<String, String>) -> Vec<String> {
    let rank = |module: &str| ladder.iter().position(|m| m == module);
    let mut offences = Vec::new();
    for (file, text) in files {
        let Some(own) = rank(file) else {
            offences.push(format!("{file} is not on the ladder"));
            continue;
        };
        for import in imports(text) {
            match rank(&import) {
                Some(other) if other <= own => {}
                _ => offences.push(format!("{file} -> {import}")),
            }
        }
    }
    offences
}

/// The sources by module; a folder's files are one module.
fn files(source: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(source).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        // Generated code calls `private.rs`, and the crate's face re-exports: they see all.
        if !["lib", "private", "prelude", "docs"].contains(&name.as_str()) {
            files.insert(name, text(&path));
        }
    }
    files
}

fn text(path: &Path) -> String {
    if path.is_file() {
        return fs::read_to_string(path).unwrap();
    }
    let entries = fs::read_dir(path).unwrap();
    entries.map(|entry| text(&entry.unwrap().path())).collect()
}

#[test]
fn no_file_imports_up_the_ladder() {
    let source = source();
    let offences = offences(&ladder(&source), &files(&source));
    assert!(offences.is_empty(), "{offences:#?}");
}

#[test]
fn an_import_up_the_ladder_is_found() {
    let source = source();
    let mut files = files(&source);
    files
        .get_mut("value")
        .unwrap()
        .push_str("use crate::current::slot;");
    files.insert("stray".into(), String::new());
    let offences = offences(&ladder(&source), &files);
    assert_eq!(offences, ["stray is not on the ladder", "value -> current"]);
}

#[test]
fn unsafe_code_stays_in_three_files() {
    let allowed = ["value", "storage", "current"];
    for (file, text) in files(&source()) {
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let uses = code.filter(|line| line.contains("unsafe")).count();
        assert!(
            uses == 0 || allowed.contains(&file.as_str()),
            "{file}.rs has unsafe code"
        );
    }
}

#[test]
fn thread_locals_stay_in_one_file() {
    for (file, text) in files(&source()) {
        let uses = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let uses = uses.filter(|line| line.contains("thread_local!")).count();
        assert_eq!(uses, usize::from(file == "current"), "{file}.rs");
    }
}

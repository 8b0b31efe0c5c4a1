//! The ladder of DESIGN section 7: a file imports only from rows above it.
//!
//! A folder is one row of the crate's ladder; its `mod.rs` is the ladder of the files inside.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The ladder is what `lib.rs` writes down, or a folder's `mod.rs`: the order of its `mod` lines.
fn ladder(face: &Path) -> Vec<String> {
    let face = fs::read_to_string(face).unwrap();
    let modules = face.lines().filter_map(|line| {
        let line = line.trim();
        let name = line
            .strip_prefix("mod ")
            .or_else(|| line.strip_prefix("pub mod "))?;
        name.strip_suffix(';').map(str::to_owned)
    });
    modules.collect()
}

/// The modules that a source file names after `root`, which is `crate::` or `super::`.
fn imports(text: &str, root: &str) -> Vec<String> {
    let code = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or(""));
    let mut found = Vec::new();
    for line in code {
        for (at, _) in line.match_indices(root) {
            let rest = &line[at + root.len()..];
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
fn offences(ladder: &[String], files: &BTreeMap<String, String>, root: &str) -> Vec<String> {
    let rank = |module: &str| ladder.iter().position(|m| m == module);
    let mut offences = Vec::new();
    for (file, text) in files {
        let Some(own) = rank(file) else {
            offences.push(format!("{file} is not on the ladder"));
            continue;
        };
        for import in imports(text, root) {
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
        // Generated code calls `private`, and the crate's face re-exports: they see all.
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

/// The files of a folder but for its face.
fn inside(folder: &Path) -> BTreeMap<String, String> {
    let paths = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = paths.map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(&path).unwrap())
    });
    files.filter(|(name, _)| name != "mod").collect()
}

/// A module inside a file may `use super::` what the file itself has, which is no other file.
fn without_inner_modules(text: &str, ladder: &[String]) -> String {
    let inner = |line: &str| {
        let indented = line.starts_with(' ') && line.trim_start().starts_with("use super::");
        indented && !imports(line, "super::").iter().any(|m| ladder.contains(m))
    };
    text.lines()
        .filter(|line| !inner(line))
        .map(|line| format!("{line}\n"))
        .collect()
}

fn folders(source: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(source)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    // The pages of the documentation are no code, and what generated code calls sees all.
    let left_out = |path: &Path| path.ends_with("docs") || path.ends_with("private");
    let folders = paths.filter(|path| path.is_dir() && !left_out(path));
    folders.collect()
}

#[test]
fn no_file_imports_up_the_ladder() {
    let source = source();
    let offences = offences(&ladder(&source.join("lib.rs")), &files(&source), "crate::");
    assert!(offences.is_empty(), "{offences:#?}");
}

#[test]
fn no_file_of_a_folder_imports_up_its_ladder() {
    for folder in folders(&source()) {
        let ladder = ladder(&folder.join("mod.rs"));
        let mut files = inside(&folder);
        for text in files.values_mut() {
            *text = without_inner_modules(text, &ladder);
        }
        let found = offences(&ladder, &files, "super::");
        assert!(found.is_empty(), "{folder:?}: {found:#?}");
        let [first, .., last] = ladder.as_slice() else {
            continue; // one step is no ladder
        };
        let text = files.get_mut(first).unwrap();
        text.push_str(&format!("use super::{last}::Something;"));
        let found = offences(&ladder, &files, "super::");
        assert_eq!(found, [format!("{first} -> {last}")]);
    }
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
    let offences = offences(&ladder(&source.join("lib.rs")), &files, "crate::");
    assert_eq!(offences, ["stray is not on the ladder", "value -> current"]);
}

/// The lines of every source file that have `word` outside comments, by the file's path.
fn uses(word: &str) -> BTreeMap<String, usize> {
    let (mut uses, root) = (BTreeMap::new(), source());
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let code = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            let count = code.filter(|line| line.contains(word)).count();
            if count > 0 {
                let path = path.strip_prefix(&root).unwrap().to_str().unwrap();
                uses.insert(path.to_owned(), count);
            }
        }
    }
    uses
}

#[test]
fn unsafe_code_stays_in_three_files() {
    let mut uses = uses("unsafe");
    // The lint levels.
    uses.remove("lib.rs");
    uses.remove("current/mod.rs");
    let files: Vec<_> = uses.into_keys().collect();
    assert_eq!(files, ["current/slot.rs", "storage.rs", "value.rs"]);
}

#[test]
fn thread_locals_stay_in_one_folder() {
    let uses = uses("thread_local!");
    assert!(uses.contains_key("current/slot.rs"));
    assert!(
        uses.keys().all(|file| file.starts_with("current/")),
        "{uses:?}"
    );
}

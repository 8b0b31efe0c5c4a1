//! The expansion of each form: `snapshots/form.rs` is the input, and `snapshots/form.expanded.rs` the
//! output.
//!
//! `SNAPSHOTS=overwrite cargo test -p context-vars-macros` rewrites the outputs.

use std::fs;
use std::path::{Path, PathBuf};

use super::source;

#[test]
fn every_form_expands_to_its_snapshot() {
    let mut wrong = Vec::new();
    let forms = forms();
    assert!(forms.len() >= 20, "the snapshots are gone");
    for form in forms {
        let written = fs::read_to_string(&form).unwrap();
        let expanded = expanded(&written);
        let snapshot = form.with_extension("expanded.rs");
        if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
            fs::write(&snapshot, &expanded).unwrap();
        }
        if fs::read_to_string(&snapshot).unwrap_or_default() != expanded {
            wrong.push(format!("{}:\n{expanded}", form.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "not as in the snapshot: {}",
        wrong.join("\n")
    );
}

/// Returns the input of all forms.
pub(super) fn forms() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let is_form = |file: &PathBuf| !file.to_string_lossy().ends_with(".expanded.rs");
    let mut forms: Vec<_> = files.filter(is_form).collect();
    forms.sort();
    forms
}

fn expanded(written: &str) -> String {
    let expanded = source::expand(written.parse().unwrap());
    let file = syn::parse2(expanded.clone()).unwrap_or_else(|error| panic!("{error}: {expanded}"));
    // The printer leaves out only the path before `!`.
    prettyplease::unparse(&file)
}

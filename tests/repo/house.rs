//! One screen: no function is longer than 60 lines, no file has more than 300 lines of code.

use std::fs;
use std::path::{Path, PathBuf};

const FILE: usize = 300;
const FUNCTION: usize = 60;

/// Every Rust file of ours: neither what cargo builds, nor what is there to be wrong or generated.
fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let left_out = name.starts_with('.')
            || ["target", "ours", "rustc", "snapshots"].contains(&name)
            || path.is_symlink();
        if left_out {
            continue;
        } else if path.is_dir() {
            sources(&path, files);
        } else if name.ends_with(".rs") {
            files.push(path);
        }
    }
}

fn is_code(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with("//")
}

/// What is too long in a file, as `what: lines`.
fn too_long(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let code = text.lines().filter(|line| is_code(line)).count();
    if code > FILE {
        found.push(format!("the file: {code}"));
    }
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut function: Option<(usize, &str)> = None;
    for (number, line) in text.lines().enumerate() {
        match function {
            None if is_code(line) && line.contains("fn ") && line.ends_with(['{', '(']) => {
                function = Some((number, line));
            }
            Some((first, head)) if line.trim() == "}" && indent(line) == indent(head) => {
                let lines = number + 1 - first;
                if lines > FUNCTION {
                    found.push(format!("{}: {lines}", head.trim()));
                }
                function = None;
            }
            _ => {}
        }
    }
    found
}

#[test]
fn files_and_functions_fit_their_screen() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 200, "only {} files", files.len());
    let mut offences = Vec::new();
    for file in files {
        for found in too_long(&fs::read_to_string(&file).unwrap()) {
            offences.push(format!("{}: {found}", file.display()));
        }
    }
    assert!(offences.is_empty(), "{offences:#?}");
}

#[test]
fn what_is_too_long_is_found() {
    let function = format!("fn long() {{\n{}}}\n", "    call();\n".repeat(FUNCTION - 1));
    assert_eq!(too_long(&function), ["fn long() {: 61"]);
    assert!(too_long(&function.replacen("    call();\n", "", 1)).is_empty());
    let file = "// One line.\n\nuse a;\n".repeat(FILE + 1);
    assert_eq!(too_long(&file), ["the file: 301"]);
}

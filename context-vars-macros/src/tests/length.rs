//! One screen: no function is longer than 60 lines, no file has more than 300 lines of code.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else {
            files.push(path);
        }
    }
}

#[test]
fn no_function_is_longer_than_60_lines_and_no_file_than_300_of_code() {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let code = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with("//"));
        assert!(code.count() <= 300, "{} is too long", file.display());
        let mut start = None;
        for (number, line) in text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let is_function = line.contains("fn ")
                && line.trim_end().ends_with(['{', '('])
                && !line.trim_start().starts_with("//");
            if is_function && start.is_none() {
                start = Some((number, indent));
            }
            if let Some((first, outer)) = start {
                if indent == outer && line.trim() == "}" {
                    assert!(
                        number - first < 60,
                        "{}:{} is too long",
                        file.display(),
                        first + 1
                    );
                    start = None;
                }
            }
        }
    }
}

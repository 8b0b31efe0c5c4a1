//! Every mistake of `tests/ui/ours` gives the messages that rustc shows there.

use std::fs;
use std::path::{Path, PathBuf};

use super::source;

#[test]
fn mistakes_give_the_messages_that_the_compiler_shows() {
    if is_packed() {
        return;
    }
    let mut count = 0;
    for case in cases() {
        let written = fs::read_to_string(&case).unwrap();
        let Ok(tokens) = written.parse() else {
            continue;
        };
        let shown = fs::read_to_string(case.with_extension("stderr")).unwrap();
        let mut shown = shown_errors(&shown);
        shown.sort();
        let mut given = source::messages(source::expand(tokens));
        given.sort();
        assert_eq!(given, shown, "{}", case.display());
        count += given.len();
    }
    assert!(count > 100, "only {count} messages: the cases are gone");
}

#[test]
fn messages_say_what_is_wrong_and_in_a_second_line_what_to_do() {
    if is_packed() {
        return;
    }
    for case in cases() {
        let Ok(tokens) = fs::read_to_string(&case).unwrap().parse() else {
            continue;
        };
        for message in source::messages(source::expand(tokens)) {
            let (wrong, help) = message.split_once("\nhelp: ").unwrap_or_default();
            assert!(!wrong.is_empty() && !wrong.contains('\n'), "{message}");
            assert!(!help.is_empty() && !help.contains('\n'), "{message}");
            assert!(!message.ends_with('.'), "{message}");
            assert!(!message.contains("__"), "{message} shows a hidden name");
        }
    }
}

/// Returns the errors without a code in the output of rustc, which indents all lines but the first.
fn shown_errors(shown: &str) -> Vec<String> {
    let mut errors = Vec::new();
    let mut lines = shown.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(first) = line.strip_prefix("error: ") else {
            continue;
        };
        let mut error = first.to_owned();
        while let Some(next) = lines.next_if(|line| !line.trim_start().starts_with("-->")) {
            error = format!("{error}\n{}", next.trim_start());
        }
        errors.push(error);
    }
    errors
}

/// Returns `true` if this is the crate as cargo packs it, without `tests/ui/ours` beside it.
fn is_packed() -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("Cargo.toml.orig")
        .exists()
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/ui/ours");
    let mut cases = Vec::new();
    for macros in fs::read_dir(folder).unwrap() {
        for case in fs::read_dir(macros.unwrap().path()).unwrap() {
            cases.push(case.unwrap().path());
        }
    }
    cases.retain(|case| case.extension().is_some_and(|extension| extension == "rs"));
    assert!(!cases.is_empty(), "`tests/ui/ours` is gone");
    cases
}

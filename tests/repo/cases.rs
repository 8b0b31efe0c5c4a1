//! `tests/CASES.md` is whole: every case has its test, or the reason why it has none.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::{root, rust_files};

/// The numbers of the conformance list.
#[rustfmt::skip]
const CASES: &[u32] = &[
    1, 2, 4, 6, 7, 9, 11, 12, 14, 16, 17, 19, 21, 22, 24, 26, 27, 29, 31, 32, 34, 36, 37, 39,
    41, 42, 44, 46, 47, 49, 51, 52, 54, 56, 57, 59, 61, 62, 64, 66, 67, 69, 71, 72, 74, 76, 77,
    79, 81, 82, 84, 86, 89, 91, 92, 94, 96, 97, 99, 101, 102, 104, 106, 107, 109, 111, 112, 114,
    116, 117, 119, 121, 122, 124, 126, 127, 129, 131, 132, 134, 136, 137, 139, 141, 142, 144,
    146, 147, 149, 151, 152, 154, 156, 157, 159, 161, 162, 164, 166, 167, 169, 171, 172, 174,
    176, 177, 179, 181, 182, 184, 186, 187, 189, 191, 192, 194, 196, 197, 199, 201, 202, 204,
    206, 207, 209, 211, 212, 214, 216, 217, 219, 221, 222, 224, 226, 227, 229, 231, 234, 236,
    237, 239, 241, 242, 244, 246, 247, 249, 251, 252, 254, 256, 257, 259, 261, 262, 264, 266,
    267, 269, 271, 272, 274, 276, 277, 279, 281, 282, 284, 286, 287, 289, 291, 292, 294, 296,
    297, 301, 302, 304, 306, 307, 309, 311, 312,
];

fn tests() -> PathBuf {
    root().join("tests")
}

/// The rows of the tables: a case, what it is, and its tests or the reason why it has none.
fn rows(map: &str) -> Vec<(u32, &str, &str)> {
    let cells = map.lines().filter_map(|line| {
        let row = line.strip_prefix("| ")?.strip_suffix(" |")?;
        let (case, rest) = row.split_once(" | ")?;
        let (what, tests) = rest.split_once(" | ").unwrap_or((rest, ""));
        Some((case.parse().ok()?, what, tests))
    });
    cells.collect()
}

/// Returns the text between backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Returns whether `text` speaks of the case and not of one whose number begins alike.
fn names(text: &str, case: u32) -> bool {
    ["case ", "case_"].iter().any(|word| {
        let name = format!("{word}{case}");
        text.match_indices(&name).any(|(at, _)| {
            let next = text[at + name.len()..].chars().next();
            next.is_none_or(|next| !next.is_ascii_digit())
        })
    })
}

/// A test with its comments and its body.
fn test_in<'a>(source: &'a str, name: &str) -> Option<&'a str> {
    let start = source.find(&format!("fn {name}("))?;
    let before = source[..start].rfind("\n\n").unwrap_or(0);
    let rest = &source[start..];
    let end = rest.find("\n}").unwrap_or(rest.len());
    Some(&source[before..start + end])
}

/// Returns the mistakes in a row's last cell: tests as `` `file` `test` ``, programs that do not compile
/// as `` `ui/…` ``, or a reason.
fn mistakes(case: u32, text: &str) -> Vec<String> {
    let (programs, quoted): (Vec<_>, Vec<_>) = quoted(text)
        .into_iter()
        .partition(|text| text.starts_with("ui/"));
    let is_there = |program: &&&str| {
        let program = tests().join(program);
        program.exists() && program.with_extension("stderr").exists()
    };
    let gone = programs.iter().filter(|program| !is_there(program));
    let gone = gone.map(|program| format!("case {case}: there is no `{program}` with its output"));
    let files = quoted.chunks(2).filter(|pair| pair[0].ends_with(".rs"));
    let wrong = files.filter_map(|pair| {
        let [file, name] = *pair else {
            return Some(format!("case {case}: `{}` without a test", pair[0]));
        };
        let source = fs::read_to_string(tests().join(file)).unwrap_or_default();
        match test_in(&source, name) {
            None => Some(format!("case {case}: there is no `{name}` in `{file}`")),
            Some(test) if !test.contains("#[") => {
                Some(format!("case {case}: `{name}` is not a test"))
            }
            Some(test) if !names(test, case) => {
                Some(format!("case {case}: `{name}` does not carry the number"))
            }
            Some(_) => None,
        }
    });
    gone.chain(wrong).collect()
}

#[test]
fn every_case_is_mapped_once_to_tests_that_carry_its_number_or_to_a_reason() {
    let map = fs::read_to_string(tests().join("CASES.md")).unwrap();
    let rows = rows(&map);
    let mut count: BTreeMap<u32, u32> = CASES.iter().map(|&case| (case, 0)).collect();
    let mut wrong = Vec::new();
    for (case, what, text) in &rows {
        match count.get_mut(case) {
            Some(count) => *count += 1,
            None => wrong.push(format!("case {case} is not of the list")),
        }
        if what.len() < 20 || !what.ends_with('.') {
            wrong.push(format!("case {case} does not say what it is"));
        }
        if text.len() < 20 {
            wrong.push(format!("case {case} has neither a test nor a reason"));
        }
        wrong.extend(mistakes(*case, text));
    }
    let not_once = count.iter().filter(|&(_, &count)| count != 1);
    wrong.extend(not_once.map(|(case, count)| format!("case {case} is mapped {count} times")));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_number_in_a_comment_is_of_the_list() {
    let mut wrong = Vec::new();
    for path in ["it", "repo"]
        .map(|folder| rust_files(&tests().join(folder)))
        .concat()
    {
        let source = fs::read_to_string(&path).unwrap();
        for line in source.lines().filter(|line| line.contains("//")) {
            let numbers = line.split("case ").skip(1).filter_map(|rest| {
                let end = rest.find(|c: char| !c.is_ascii_digit());
                rest[..end.unwrap_or(rest.len())].parse().ok()
            });
            if numbers.into_iter().any(|case: u32| !CASES.contains(&case)) {
                wrong.push(format!("{}: {line}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn mistakes_in_the_map_are_found() {
    let said = |text: &str| mistakes(39, &format!("`it/tokens.rs` {text}")).join("\n");
    let test = "`token_reset_by_hand_inside_a_scope_leaves_the_scopes_end_right`";
    let other = "`token_keeps_the_old_value_and_gives_it_back_to_nobody_else`";
    let with = |program: &str| said(&format!("{test}<br>`ui/rustc/runtime/{program}.rs`"));
    assert_eq!(with("token_used_twice"), "");
    assert!(with("gone").contains("with its output"));
    assert!(said("`nothing_of_the_kind`").contains("there is no"));
    assert!(said(other).contains("does not carry the number"));
    assert!(names("case 39.", 39) && !names("case 391", 39));
}

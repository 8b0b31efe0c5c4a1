//! The pages of the documentation name tests and expansions that are there.

use std::fs;
use std::path::PathBuf;

use crate::layers;

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join("context-vars/src/docs").join(name)).unwrap()
}

/// The texts between backticks.
fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The tests that a page names: in the last column of a table that is called `test`, and in lines
/// that begin with `Test: ` or `Tests: `.
fn named_tests(page: &str) -> Vec<&str> {
    let mut tests = Vec::new();
    let mut in_table = false;
    for line in page.lines() {
        let rest = line.strip_prefix("Test: ").or(line.strip_prefix("Tests: "));
        if let Some(rest) = rest {
            tests.extend(code_spans(rest));
        } else if let Some(row) = line.strip_suffix(" |") {
            let (_, last) = row.rsplit_once("| ").unwrap();
            in_table |= last == "test";
            if in_table {
                tests.extend(code_spans(last));
            }
        } else {
            in_table &= line.starts_with('|');
        }
    }
    tests
}

/// Whether `file::test` is a test here; one without a file is in that of the page.
fn is_there(test: &str, of_the_page: &str) -> bool {
    let (file, name) = test.rsplit_once("::").unwrap_or((of_the_page, test));
    let file = format!("tests/it/{}.rs", file.replace("::", "/"));
    let source = fs::read_to_string(root().join(file)).unwrap_or_default();
    source.contains(&format!("fn {name}()"))
}

/// Code without the blanks and line breaks that depend on where it is.
fn dense(code: &str) -> String {
    code.split_whitespace().collect()
}

/// The code on a page that needs crates which the documentation does not have.
fn recipes(page: &str) -> Vec<&str> {
    let blocks = page.split("\n```rust,ignore\n").skip(1);
    blocks.filter_map(|b| b.split("\n```\n").next()).collect()
}

#[test]
fn recipes_on_the_web_page_are_code_of_tests() {
    let folders = ["tests/integrations/web", "tests/fixtures/frameworks/src"];
    let files = folders.into_iter().flat_map(|folder| {
        let files = fs::read_dir(root().join(folder)).unwrap();
        files.map(|file| file.unwrap().path())
    });
    let rust = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let tests: Vec<_> = rust
        .map(|path| dense(&fs::read_to_string(path).unwrap()))
        .collect();
    let page = page("web.md");
    let recipes = recipes(&page);
    assert!(recipes.len() >= 8);
    for recipe in recipes {
        let is_tested = tests.iter().any(|test| test.contains(&dense(recipe)));
        assert!(is_tested, "{recipe}");
    }
}

#[test]
fn named_tests_are_there() {
    let pages = [
        ("semantics.md", "combinators", 20),
        ("limitations.md", "limitations", 15),
        ("comparison.md", "", 10),
    ];
    for (name, file, at_least) in pages {
        let page = page(name);
        let tests = named_tests(&page);
        assert!(tests.len() >= at_least, "{name}: {tests:?}");
        for test in tests {
            assert!(is_there(test, file), "{name}: {test}");
        }
    }
    assert!(!is_there("limitations::no_such_test", ""));
}

#[test]
fn every_limitation_has_tests_and_every_test_of_one_stands_on_the_page() {
    let page = page("limitations.md");
    for entry in page.split("\n# ").skip(1) {
        assert_eq!(entry.matches("\nTests: ").count(), 1, "{entry}");
    }
    let named = named_tests(&page);
    let source = fs::read_to_string(root().join("tests/it/limitations.rs")).unwrap();
    for test in source.split("#[test]\nfn ").skip(1) {
        let name = test.split('(').next().unwrap();
        assert!(named.contains(&name), "{name} does not stand on the page");
    }
}

/// What the page of the macros leaves out of a snapshot, and all that is only layout.
fn shortened(code: &str) -> String {
    let mut code = code.to_owned();
    while let Some(start) = code.find("#[allow(") {
        let length = code[start..].find(")]").unwrap() + 2;
        code.replace_range(start..start + length, "");
    }
    for prefix in ["::context_vars::__private::", "::core::", "__context_vars_"] {
        code = code.replace(prefix, "");
    }
    code.retain(|c| !c.is_whitespace());
    for end in [")", "}", ">"] {
        code = code.replace(&format!(",{end}"), end);
    }
    code
}

#[test]
fn expansions_are_those_of_the_snapshots() {
    let page = page("macros.md");
    let mut forms = 0;
    for form in page.split("\nSnapshot: `").skip(1) {
        let (name, text) = form.split_once("`\n").unwrap();
        let blocks: Vec<_> = text
            .split("```")
            .filter_map(|block| block.strip_prefix("text\n"))
            .collect();
        for (block, kind) in blocks.iter().zip(["rs", "expanded.rs"]) {
            let file = format!("context-vars-macros/snapshots/{name}.{kind}");
            let snapshot = fs::read_to_string(root().join(file)).unwrap();
            assert!(
                shortened(&snapshot).contains(&shortened(block)),
                "{name}.{kind}:\n{block}"
            );
        }
        assert_eq!(blocks.len(), 2, "{name}");
        forms += 1;
    }
    assert!(forms >= 8);
}

#[test]
fn readme_has_the_table_of_the_page_that_compares() {
    let page = page("comparison.md");
    let table: Vec<_> = page
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert!(table.len() > 10);
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.contains(&table.join("\n")), "copy it: {table:#?}");
}

/// `README=overwrite cargo test -p context-vars-tests pages` copies them.
#[test]
fn readme_has_the_costs_that_were_measured() {
    let ratios = fs::read_to_string(root().join("context-vars/benches/RATIOS.md")).unwrap();
    let file = root().join("README.md");
    let readme = fs::read_to_string(&file).unwrap();
    let header = "| operation | ours, ns | peer, ns | ratio |\n";
    let (before, rest) = readme.split_once(header).unwrap();
    let (table, after) = rest.split_once("\n\n").unwrap();
    let mut rows = table.lines();
    let mut measured = vec![rows.next().unwrap().to_owned()];
    for row in rows {
        let operation = row.split(" |").next().unwrap();
        let row = ratios
            .lines()
            .find(|row| row.starts_with(&format!("{operation} |")));
        let row = row.unwrap_or_else(|| panic!("`{operation}` is not measured any more"));
        let cells: Vec<_> = row.split(" | ").take(4).collect();
        measured.push(format!("{} |", cells.join(" | ")));
    }
    assert!(measured.len() > 5);
    let expected = format!("{before}{header}{}\n\n{after}", measured.join("\n"));
    if std::env::var_os("README").is_some_and(|value| value == "overwrite") {
        fs::write(&file, &expected).unwrap();
    } else {
        assert!(
            readme == expected,
            "not those of RATIOS.md; README=overwrite copies them"
        );
    }
}

#[test]
fn architecture_has_a_line_for_each_file_of_the_layers() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let header = "| file | what it holds |\n|---|---|\n";
    let mut described = Vec::new();
    for table in text.split(header).skip(1) {
        let rows = table.lines().take_while(|line| line.starts_with('|'));
        described.extend(rows.map(|row| code_spans(row).next().unwrap().to_owned()));
    }
    let files = layers::files_of_the_runtime();
    let missing: Vec<_> = files
        .iter()
        .filter(|file| !described.contains(file))
        .collect();
    assert!(missing.is_empty(), "without a line: {missing:#?}");
    let gone: Vec<_> = described
        .iter()
        .filter(|file| !files.contains(file))
        .collect();
    assert!(gone.is_empty(), "not there any more: {gone:#?}");
    assert_eq!(described.len(), files.len(), "a file has two lines");
}

//! The pages of the documentation show files, expansions and figures that are there.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use crate::{layers, root, rust_files};

/// The text of a file of the repository.
fn text_of(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn page(name: &str) -> String {
    text_of(&format!("context-vars/src/docs/{name}"))
}

/// The texts between backticks.
fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The address at which the registry's page and the documentation find the repository's files.
const REPOSITORY: [&str; 2] = [
    "https://github.com/context-vars/context-vars/blob/main/",
    "https://raw.githubusercontent.com/context-vars/context-vars/main/",
];

/// All pages and the README, each with its name.
fn pages() -> Vec<(String, String)> {
    let folder = fs::read_dir(root().join("context-vars/src/docs")).unwrap();
    let files = folder.map(|entry| entry.unwrap().path());
    let files = files.chain([root().join("README.md")]);
    let markdown = files.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let pages = markdown.map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        (path.file_name().unwrap().display().to_string(), text)
    });
    pages.collect()
}

/// The labels of a page's links to files: `` [`it/scopes.rs`] ``, which `files.md` defines.
fn file_labels(page: &str) -> impl Iterator<Item = &str> {
    let labels = page.split("[`").skip(1);
    let labels = labels.filter_map(|rest| rest.split_once("`]"));
    let links = labels.filter(|(_, after)| !after.starts_with(['(', '[', ':']));
    let files = |label: &&str| Path::new(label).extension().is_some() || label.ends_with('/');
    links.map(|(label, _)| label).filter(files)
}

/// The files of this repository that a text links to.
fn linked_files(text: &str) -> impl Iterator<Item = &str> {
    let links = REPOSITORY
        .iter()
        .flat_map(move |site| text.split(site).skip(1));
    links.filter_map(|rest| rest.split([')', '\n', ' ', '"', '#', '>']).next())
}

/// The names of the tests in a folder that nothing else is called: they have three words or more.
fn names_of_tests(folder: &str) -> Vec<String> {
    let mut names = Vec::new();
    for path in rust_files(&root().join(folder)) {
        let source = fs::read_to_string(path).unwrap();
        let functions = source.split("fn ").skip(1);
        let tests = functions.filter_map(|rest| rest.split_once("()"));
        let long = tests.filter(|(name, _)| name.matches('_').count() > 2);
        let words = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        names.extend(long.map(|(name, _)| name).filter(words).map(str::to_owned));
    }
    names
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
    let files = folders
        .map(|folder| rust_files(&root().join(folder)))
        .concat();
    let tests = files
        .iter()
        .map(|path| dense(&fs::read_to_string(path).unwrap()));
    let tests: Vec<_> = tests.collect();
    let page = page("web.md");
    let recipes = recipes(&page);
    assert!(recipes.len() >= 8);
    for recipe in recipes {
        let is_tested = tests.iter().any(|test| test.contains(&dense(recipe)));
        assert!(is_tested, "{recipe}");
    }
}

#[test]
fn pages_link_to_files_that_are_there() {
    let pages = pages();
    let mut linked = 0;
    for (name, text) in &pages {
        for file in linked_files(text) {
            assert!(root().join(file).exists(), "{name}: there is no {file}");
            linked += 1;
        }
    }
    assert!(linked > 40, "{linked}");
}

#[test]
fn every_label_of_a_file_is_defined_and_used() {
    let definitions = page("files.md");
    let definitions = definitions.lines().filter(|line| line.starts_with('['));
    let defined = definitions.map(|line| {
        let (label, target) = line.split_once(": ").unwrap();
        let label = label.trim_start_matches("[`").trim_end_matches("`]");
        assert!(target.ends_with(label), "`{label}` leads to {target}");
        label
    });
    let defined: BTreeSet<_> = defined.collect();
    let pages = pages();
    let used: BTreeSet<_> = pages
        .iter()
        .flat_map(|(_, text)| file_labels(text))
        .collect();
    let undefined: Vec<_> = used.difference(&defined).collect();
    assert!(undefined.is_empty(), "not in files.md: {undefined:?}");
    let unused: Vec<_> = defined.difference(&used).collect();
    assert!(unused.is_empty(), "in files.md, on no page: {unused:?}");
}

#[test]
fn pages_name_no_tests() {
    let names = names_of_tests("tests/it");
    assert!(names.len() > 300, "{}", names.len());
    for (page, text) in pages() {
        let spans: Vec<_> = code_spans(&text)
            .filter_map(|span| span.rsplit("::").next())
            .collect();
        let named = names.iter().find(|name| spans.contains(&name.as_str()));
        assert_eq!(named, None, "{page} names a test: link to its file");
    }
}

#[test]
fn every_rule_links_to_what_shows_it() {
    let page = page("semantics.md");
    let rules: Vec<_> = page.split("\n**R").skip(1).collect();
    for (rule, number) in rules.iter().zip(1..) {
        let heading = format!("{number}.**");
        assert!(rule.starts_with(&heading), "R{number}: {rule}");
        let rule = rule.split("\n\n").next().unwrap();
        assert!(file_labels(rule).next().is_some(), "R{number} has no link");
    }
    assert_eq!(rules.len(), 22);
}

#[test]
fn every_limitation_has_tests_and_every_test_of_one_has_its_entry() {
    let page = page("limitations.md");
    let mut shown_here = Vec::new();
    for entry in page.split("\n# ").skip(1) {
        let (heading, text) = entry.split_once('\n').unwrap();
        assert_eq!(text.matches("\nTests: ").count(), 1, "{entry}");
        let (_, tests) = text.split_once("\nTests: ").unwrap();
        let files: Vec<_> = file_labels(tests).collect();
        assert!(!files.is_empty(), "{heading}: no file");
        if files.contains(&"it/limitations.rs") {
            shown_here.push(heading);
        }
    }
    let source = text_of("tests/it/limitations.rs");
    let mut entries = Vec::new();
    for test in source.split("\n\n").filter(|item| item.contains("test]\n")) {
        let mut lines = test.lines();
        let entry = lines.find_map(|line| line.strip_prefix("// Entry: "));
        let entry = entry.unwrap_or_else(|| panic!("of which entry is this?\n{test}"));
        assert!(shown_here.contains(&entry), "not on the page: {entry}");
        entries.push(entry);
    }
    for heading in shown_here {
        assert!(entries.contains(&heading), "no test for: {heading}");
    }
}

/// Removes the parts of a snapshot that the page of the macros leaves out, and all layout.
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
        let blocks = text.split("```");
        let blocks: Vec<_> = blocks
            .filter_map(|block| block.strip_prefix("text\n"))
            .collect();
        for (block, kind) in blocks.iter().zip(["rs", "expanded.rs"]) {
            let snapshot = text_of(&format!("context-vars-macros/snapshots/{name}.{kind}"));
            let is_there = shortened(&snapshot).contains(&shortened(block));
            assert!(is_there, "{name}.{kind}:\n{block}");
        }
        assert_eq!(blocks.len(), 2, "{name}");
        forms += 1;
    }
    assert!(forms >= 8);
}

#[test]
fn readme_has_the_table_of_the_page_that_compares() {
    let page = page("comparison.md");
    let from_the_table = page.lines().skip_while(|line| !line.starts_with('|'));
    let table: Vec<_> = from_the_table
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert!(table.len() > 10);
    let table = table.join("\n");
    assert!(text_of("README.md").contains(&table), "copy it: {table}");
}

/// `README=overwrite cargo test -p context-vars-tests pages` copies them.
#[test]
fn readme_has_the_costs_that_were_measured() {
    let ratios = text_of("context-vars/benches/RATIOS.md");
    let readme = text_of("README.md");
    let header = "| operation | ours, ns | peer, ns | ratio |\n";
    let (before, rest) = readme.split_once(header).unwrap();
    let (table, after) = rest.split_once("\n\n").unwrap();
    let mut rows = table.lines();
    let mut measured = vec![rows.next().unwrap().to_owned()];
    for row in rows {
        let operation = row.split(" |").next().unwrap();
        let is_of_it = |row: &&str| row.starts_with(&format!("{operation} |"));
        let row = ratios.lines().find(is_of_it);
        let row = row.unwrap_or_else(|| panic!("`{operation}` is not measured any more"));
        let cells: Vec<_> = row.split(" | ").take(4).collect();
        measured.push(format!("{} |", cells.join(" | ")));
    }
    assert!(measured.len() > 5);
    let expected = format!("{before}{header}{}\n\n{after}", measured.join("\n"));
    if std::env::var_os("README").is_some_and(|value| value == "overwrite") {
        fs::write(root().join("README.md"), &expected).unwrap();
    } else {
        let is_copied = readme == expected;
        assert!(is_copied, "README=overwrite copies those of RATIOS.md");
    }
}

/// The name and the value of each line of a file of measurements.
fn measurements(file: &str) -> HashMap<String, String> {
    let text = text_of(&format!("context-vars/benches/{file}"));
    let lines = text.lines().map(|line| line.split_once('\t').unwrap());
    let owned = lines.map(|(what, value)| (what.to_owned(), value.to_owned()));
    owned.collect()
}

#[test]
fn ratios_has_the_counts_and_times_of_their_files() {
    let ratios = text_of("context-vars/benches/RATIOS.md");
    let times = measurements("compile_times.tsv");
    let rows = times
        .iter()
        .map(|(what, time)| format!("| {what} | {time} |"));
    let mut rows: Vec<_> = rows.collect();
    let counts = measurements("footprint.tsv");
    for (what, ours) in &counts {
        if let Some(what) = what.strip_suffix("/context-vars") {
            let tokio = counts.get(&format!("{what}/tokio"));
            let tokio = tokio.map_or("–", String::as_str);
            let (_, item) = what.split_once('/').unwrap();
            rows.push(format!("| {item} | {ours} | {tokio} |"));
        }
    }
    assert!(rows.len() > 15);
    rows.retain(|row| !ratios.lines().any(|line| line == row));
    assert!(rows.is_empty(), "not in RATIOS.md: {rows:#?}");
}

#[test]
fn readme_has_the_times_that_were_measured() {
    let readme = text_of("README.md");
    let readme = readme.split_whitespace().collect::<Vec<_>>().join(" ");
    let times = measurements("compile_times.tsv");
    let build = |of: &str| &times[&format!("cold `cargo build` of an empty program with `{of}`")];
    let call = "call of a function with one variable";
    let sentences = [
        format!(
            "takes {} to build from cold with this crate's default features, and {} with `serde`",
            build("context-vars"),
            build("serde"),
        ),
        format!(
            "with one variable takes {},",
            times[&format!("debug build: {call}")]
        ),
        format!(
            "Such a call then takes {}:",
            times[&format!("debug build with this crate at `opt-level = 3`: {call}")]
        ),
    ];
    for sentence in sentences {
        assert!(readme.contains(&sentence), "not in the README: {sentence}");
    }
}

#[test]
fn architecture_has_a_line_for_each_file_of_the_layers() {
    let text = text_of("ARCHITECTURE.md");
    let header = "| file | what it holds |\n|---|---|\n";
    let tables = text.split(header).skip(1);
    let rows = tables.flat_map(|table| table.lines().take_while(|line| line.starts_with('|')));
    let mut described: Vec<_> = rows.map(|row| code_spans(row).next().unwrap()).collect();
    let mut files = layers::files_of_the_runtime();
    described.sort_unstable();
    files.sort_unstable();
    assert_eq!(described, files, "files with a row, and files");
}

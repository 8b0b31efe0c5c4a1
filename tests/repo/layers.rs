//! The layers of both crates: no file imports from a layer above its own, and no files import each
//! other in a circle.
//!
//! A call of a method names no file, so an `impl` of a type in a later layer is not an import, nor is
//! the use of a trait's implementation. Other forms that hide an import are refused (see `imports`).

mod imports;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;

use imports::{Import, Sources, count, imports};

use crate::{root, rust_files};

/// Layers from the lowest to the highest.
struct Rules {
    source: &'static str,
    layers: &'static [Layer],
    /// The files of the integrations that import from `raw`. All others use the API.
    to_raw: &'static [&'static str],
    /// Words, and the files or folders that may use them.
    words: &'static [(&'static str, &'static [&'static str])],
}

struct Layer {
    name: &'static str,
    /// Files (`token.rs`) and folders (`fields/`), with blanks between.
    members: &'static str,
    /// The imports between members that are allowed. `None` allows all.
    between: Option<&'static [(&'static str, &'static str)]>,
}

/// A layer whose members may import each other.
const fn layer(name: &'static str, members: &'static str) -> Layer {
    let between = None;
    Layer {
        name,
        members,
        between,
    }
}

impl Layer {
    fn members(&self) -> impl Iterator<Item = &'static str> {
        self.members.split_whitespace()
    }
}

const RUNTIME: Rules = Rules {
    source: "context-vars/src",
    layers: &[
        layer("raw", "raw/"),
        Layer {
            name: "API",
            members: "error.rs bare_task.rs scope.rs var.rs token.rs context.rs attach.rs run_async.rs in_context.rs \
                      iter.rs inherit.rs thread.rs fields/ text.rs panic.rs",
            between: None,
        },
        Layer {
            name: "integrations",
            members: "propagation/ stream.rs logs/ deadline/ companion/ task/ service.rs web/",
            between: Some(&[
                // It extracts and injects what is listed for propagation.
                ("web/", "propagation/"),
                // A request's scope begins at its call and ends with the last byte of its body.
                ("web/", "deadline/"),
            ]),
        },
        layer("faces", "lib.rs prelude.rs private/ docs/"),
    ],
    to_raw: &[
        // Installs the companion, whose hook is in `raw`.
        "companion/installed.rs",
        // Declares a variable by hand, and makes its values without a scope.
        "deadline/limit.rs",
        // Declares a variable by hand, since it is hidden.
        "propagation/unlisted.rs",
        // Captures the companion's state before the request's context is made.
        "service.rs",
        // Brings contexts into a thread and out by calls, around polls.
        "task/runtime/mod.rs",
        // Keeps the contexts of tasks that are not being polled.
        "task/runtime/table.rs",
        // Starts from an empty context in a root, and captures the companion's state.
        "web/layer.rs",
    ],
    words: &[("unsafe", &["raw/"]), ("thread_local", &["raw/"])],
};

const MACROS: Rules = Rules {
    source: "context-vars-macros/src",
    layers: &[
        Layer {
            name: "shared",
            members: "error.rs source_text.rs args.rs crate_path.rs lints.rs case.rs attribute.rs tokens.rs function/",
            between: None,
        },
        layer("work", "work/"),
        Layer {
            name: "macros",
            members: "context_var/ with_context/ inherit_context/ detach_context.rs",
            between: Some(&[]),
        },
        layer("faces", "lib.rs"),
    ],
    to_raw: &[],
    words: &[
        ("unsafe", &[]),
        // Numbers the calls of `context_var!` in one compilation; no user's thread ever has it.
        ("thread_local", &["context_var/expand.rs"]),
    ],
};

impl Rules {
    /// The layer of a file and the member of it that the file is or is in.
    fn place(&self, file: &str) -> Option<(usize, &'static str)> {
        let mut layers = self.layers.iter().enumerate();
        layers.find_map(|(index, layer)| {
            let member = layer.members().find(|member| holds(member, file))?;
            Some((index, member))
        })
    }

    fn offences(&self, sources: &Sources) -> Vec<String> {
        let (imports, mut offences) = imports(sources);
        for file in sources.keys().filter(|file| self.place(file).is_none()) {
            offences.push(format!("{file} is in no layer"));
        }
        let members = self.layers.iter().flat_map(Layer::members);
        let empty = members.filter(|member| !sources.keys().any(|file| holds(member, file)));
        offences.extend(empty.map(|member| format!("{member} is listed and not there")));
        offences.extend(self.upward(&imports));
        offences.extend(self.sideways(&imports));
        offences.extend(self.past_the_api(&imports));
        offences.extend(circles(&imports));
        offences.extend(self.misplaced_words(sources));
        offences
    }

    fn upward(&self, imports: &BTreeSet<Import>) -> Vec<String> {
        let upward = imports.iter().filter_map(|(from, to)| {
            let ((low, _), (high, _)) = (self.place(from)?, self.place(to)?);
            let [low_name, high_name] = [low, high].map(|layer| self.layers[layer].name);
            (low < high).then(|| format!("{low_name} imports {high_name}: {from} -> {to}"))
        });
        upward.collect()
    }

    /// Imports between members of a layer, unless they are listed, and listed ones without a use.
    fn sideways(&self, imports: &BTreeSet<Import>) -> Vec<String> {
        let mut offences = Vec::new();
        let mut used = BTreeSet::new();
        for (from, to) in imports {
            let places = (self.place(from), self.place(to));
            let (Some((layer, one)), Some((other_layer, other))) = places else {
                continue; // said to be in no layer
            };
            if layer == other_layer && one != other {
                let allowed = self.layers[layer].between;
                if allowed.is_some_and(|allowed| !allowed.contains(&(one, other))) {
                    offences.push(format!("{one} imports {other}: {from} -> {to}"));
                }
                used.insert((one, other));
            }
        }
        let layers = self.layers.iter();
        let allowed = layers.filter_map(|layer| layer.between).flatten();
        let unused = allowed.filter(|pair| !used.contains(pair));
        offences.extend(unused.map(|(one, other)| format!("{one} does not import {other}")));
        offences
    }

    /// Imports of the integrations from `raw`, unless they are listed, and listed ones without a use.
    fn past_the_api(&self, imports: &BTreeSet<Import>) -> Vec<String> {
        let layer_of = |file: &String| self.place(file).map(|(layer, _)| self.layers[layer].name);
        let past = imports.iter().filter(|(from, to)| {
            layer_of(from) == Some("integrations") && layer_of(to) == Some("raw")
        });
        let past: BTreeSet<_> = past.map(|(from, _)| from.as_str()).collect();
        let listed: BTreeSet<_> = self.to_raw.iter().copied().collect();
        let unlisted = past.difference(&listed);
        let unlisted = unlisted.map(|file| format!("{file} imports raw, past the API"));
        let unused = listed.difference(&past);
        let unused = unused.map(|file| format!("{file} does not import raw"));
        unlisted.chain(unused).collect()
    }

    fn misplaced_words(&self, sources: &Sources) -> Vec<String> {
        let mut offences = Vec::new();
        for (word, allowed) in self.words {
            for (file, text) in sources {
                let is_allowed = allowed.iter().any(|member| holds(member, file));
                if !is_allowed && count(text, word) > 0 {
                    offences.push(format!("{file} has `{word}`"));
                }
            }
        }
        offences
    }
}

/// Returns whether a file is the member of a layer, or in it if the member is a folder.
fn holds(member: &str, file: &str) -> bool {
    file == member || (member.ends_with('/') && file.starts_with(member))
}

/// The shortest circle through each file, once for all files of it: `a.rs -> b.rs -> a.rs`.
fn circles(imports: &BTreeSet<Import>) -> Vec<String> {
    let mut reported = BTreeSet::new();
    let mut circles = Vec::new();
    let starts: BTreeSet<_> = imports.iter().map(|(from, _)| from).collect();
    for start in starts {
        let Some(mut circle) = way_back(imports, start) else {
            continue;
        };
        let files: BTreeSet<_> = circle.iter().copied().collect();
        if reported.insert(files) {
            circle.push(start);
            circles.push(format!("circle: {}", circle.join(" -> ")));
        }
    }
    circles
}

/// The files on the shortest way of imports from `start` back to it.
fn way_back<'a>(imports: &'a BTreeSet<Import>, start: &'a str) -> Option<Vec<&'a str>> {
    let mut came_from = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(file) = queue.pop_front() {
        for (_, to) in imports.iter().filter(|(from, _)| from == file) {
            if to == start {
                let mut way = vec![file];
                while let Some(&previous) = came_from.get(way[way.len() - 1]) {
                    way.push(previous);
                }
                way.reverse();
                return Some(way);
            }
            if !came_from.contains_key(to.as_str()) {
                came_from.insert(to.as_str(), file);
                queue.push_back(to);
            }
        }
    }
    None
}

/// The Rust files of a crate; the folders that only the crate's own tests use are left out.
fn sources(rules: &Rules) -> Sources {
    let root = root().join(rules.source);
    let files = rust_files(&root).into_iter().map(|path| {
        let file = path.strip_prefix(&root).unwrap().to_str().unwrap();
        (file.to_owned(), fs::read_to_string(&path).unwrap())
    });
    files
        .filter(|(file, _)| !file.starts_with("tests/"))
        .collect()
}

/// The files of the runtime's three layers; a `mod.rs` is named by its folder.
pub(super) fn files_of_the_runtime() -> Vec<String> {
    let faces = RUNTIME.layers.len() - 1;
    let files = sources(&RUNTIME).into_keys();
    let files = files.filter(|file| RUNTIME.place(file).is_none_or(|(layer, _)| layer != faces));
    let names = files.map(|file| match file.strip_suffix("mod.rs") {
        Some(folder) => folder.to_owned(),
        None => file,
    });
    names.collect()
}

/// The files in a text: a line `name.rs: code` begins one, to which the lines after it belong.
fn files_in(text: &str) -> Sources {
    let mut files = Sources::new();
    let mut file = String::new();
    for line in text.trim().lines() {
        let code = match line.trim().split_once(".rs:") {
            Some((stem, code)) => {
                file = format!("{stem}.rs");
                code
            }
            None => line,
        };
        *files.entry(file.clone()).or_default() += &format!("{code}\n");
    }
    files
}

/// A crate of these files. All others that the rules list are there and empty.
fn tree(rules: &Rules, files: Sources) -> Sources {
    let members = rules.layers.iter().flat_map(Layer::members);
    let empty = members.map(|member| match member.strip_suffix('/') {
        Some(folder) => (format!("{folder}/mod.rs"), String::new()),
        None => (member.to_owned(), String::new()),
    });
    empty.chain(files).collect()
}

/// Checks the offences of a crate of these files. Allowed imports that it does not need are no
/// offence, nor are the empty files.
#[track_caller]
fn check(rules: &Rules, files: &str, expected: &[&str]) {
    let files = files_in(files);
    let mut offences = rules.offences(&tree(rules, files.clone()));
    offences.retain(|offence| {
        let undeclared = offence.strip_suffix(" is declared by no `mod`");
        let is_empty = undeclared.is_some_and(|file| !files.contains_key(file));
        !is_empty && !offence.contains("does not import")
    });
    assert_eq!(offences, expected);
}

#[test]
fn both_crates_have_three_layers_and_no_circle() {
    for rules in [RUNTIME, MACROS] {
        let offences = rules.offences(&sources(&rules));
        assert!(offences.is_empty(), "{}: {offences:#?}", rules.source);
    }
}

#[test]
fn upward_import_is_found_in_each_crate() {
    check(
        &RUNTIME,
        "lib.rs: mod raw; mod token; mod stream;
         raw/mod.rs: mod map;
         raw/map.rs: fn f() { if true { crate::token::make() } }
         token.rs: pub(crate) fn make() -> crate::stream::Poll { loop {} }
         stream.rs: use crate::Root;",
        &[
            "raw imports API: raw/map.rs -> token.rs",
            "integrations imports faces: stream.rs -> lib.rs",
            "API imports integrations: token.rs -> stream.rs",
        ],
    );
    check(
        &MACROS,
        "lib.rs: mod error; mod work; mod with_context;
         error.rs: use super::{work::{self, plan::Plan}};
         work/mod.rs: pub mod plan; fn f() { local!(crate::with_context::g()) }
         work/plan.rs:
         with_context/mod.rs:",
        &[
            "shared imports work: error.rs -> work/mod.rs",
            "shared imports work: error.rs -> work/plan.rs",
            "work imports macros: work/mod.rs -> with_context/mod.rs",
        ],
    );
}

#[test]
fn circle_is_found_in_each_crate() {
    check(
        &RUNTIME,
        "lib.rs: mod raw;
         raw/mod.rs: mod value; mod pool; mod map; pub use map::Map;
         raw/value.rs: use super::pool;
         raw/pool.rs: use crate::raw::{map::{node}};
         raw/map/mod.rs: pub mod node;
         raw/map/node.rs: impl super::super::value::Values for Node {}",
        &["circle: raw/map/node.rs -> raw/value.rs -> raw/pool.rs -> raw/map/node.rs"],
    );
    let through_the_parent = "circle: function/kind.rs -> function/receiver.rs -> function/mod.rs \
                              -> function/kind.rs";
    check(
        &MACROS,
        "lib.rs: mod function;
         function/mod.rs: mod receiver; mod kind; pub use self::kind::Kind;
         function/receiver.rs: use super::Kind;
         function/kind.rs: fn f() { let _ = super::receiver::Receiver; }",
        &[through_the_parent],
    );
}

#[test]
fn imports_between_members_are_found_unless_they_are_listed() {
    check(
        &RUNTIME,
        "lib.rs: mod logs; mod web; mod deadline; mod propagation;
         web/mod.rs: mod layer; use crate::{propagation::Propagator, logs as l};
         web/layer.rs: use super::l; fn f() { l::g() }
         deadline/mod.rs: mod inner { fn f() { crate::web::layer::h() } }",
        &[
            "deadline/ imports web/: deadline/mod.rs -> web/layer.rs",
            "web/ imports logs/: web/mod.rs -> logs/mod.rs",
        ],
    );
}

#[test]
fn listed_import_without_a_use_is_found() {
    let said = RUNTIME.offences(&tree(&RUNTIME, Sources::new()));
    for unused in [
        "web/ does not import propagation/",
        "service.rs does not import raw",
    ] {
        assert!(said.iter().any(|offence| offence == unused), "{said:#?}");
    }
}

#[test]
fn function_with_the_name_of_a_module_is_imported_from_where_it_is() {
    check(
        &RUNTIME,
        "lib.rs: mod raw; mod inherit; pub use inherit::inherit;
         raw/mod.rs: fn f() { crate::inherit(g) }
         inherit.rs:",
        &["raw imports faces: raw/mod.rs -> lib.rs"],
    );
    let uses = files_in(
        "lib.rs: mod stage; mod thread; pub mod task;
         stage.rs: use crate::thread::spawn;
         thread.rs: mod spawn; pub fn spawn() {}
         thread/spawn.rs:",
    );
    let imports = imports(&tree(&RUNTIME, uses)).0;
    let from_stage = imports.iter().filter(|(from, _)| from == "stage.rs");
    let from_stage: Vec<_> = from_stage.map(|(_, to)| to.as_str()).collect();
    assert_eq!(from_stage, ["thread.rs", "thread/spawn.rs"]);
}

#[test]
fn what_would_hide_an_import_is_refused() {
    check(
        &RUNTIME,
        r#"lib.rs: #[macro_use] mod raw; mod token; #[cfg(test)] mod tests; mod stream;
         raw/mod.rs: macro_rules! m { () => {} } mod map;
         raw/map.rs: macro_rules! n { () => {} }
         raw/unread.rs:
         token.rs: struct Token { #[cfg(test)] id: u8, map: crate::raw::Map, poll: crate::stream::Poll }
            fn f() { #[cfg(all(test, unix))] g(); include!("hidden.rs") }"#,
        &[
            "lib.rs: `#[macro_use]`",
            "token.rs: `cfg(test)` on something other than a module",
            "token.rs: `cfg(test)` on something other than a module",
            "token.rs: `include!`",
            "raw/unread.rs is declared by no `mod`",
            "raw/mod.rs: `macro_rules!` above other files",
            "API imports integrations: token.rs -> stream.rs",
        ],
    );
}

#[test]
fn integrations_that_import_raw_are_found_unless_they_are_listed() {
    check(
        &RUNTIME,
        "lib.rs: mod raw; mod service; mod stream;
         service.rs: use crate::raw::context::RawContext;
         stream.rs: fn f() { crate::raw::context::g() }
         raw/mod.rs: pub mod context;
         raw/context.rs:",
        &["stream.rs imports raw, past the API"],
    );
}

#[test]
fn what_is_no_import_is_left_alone() {
    let raw = r#"lib.rs: mod raw; mod token;
        raw/mod.rs:
        //! Like [`crate::token`].
        #![allow(clippy::all)]
        /// See [`crate::token::Token`].
        #[cfg(feature = "tokio")]
        pub(in crate::raw) fn f(token: ::token::T) -> impl Sized + use<'_> {
            let text = "crate::token"; // crate::token
            Vec::<u8>::token::new()
        }
        #[cfg(test)]
        mod tests { use crate::token::Token; unsafe fn f() {} }
        mod inner { use super::*; fn g() { unsafe { f() } } }
    "#;
    check(&RUNTIME, raw, &[]);
}

#[test]
fn words_out_of_place_and_files_in_no_layer_are_found() {
    check(
        &RUNTIME,
        "lib.rs: #![forbid(unsafe_code)] // unsafe
         mod token; mod stray; mod gone;
         token.rs: m! { unsafe { f() } Token![unsafe] } thread_local!(static X: u8 = 1);
         stray.rs:",
        &[
            "gone.rs is declared and not there",
            "stray.rs is in no layer",
            "token.rs has `unsafe`",
            "token.rs has `thread_local`",
        ],
    );
    check(
        &MACROS,
        "lib.rs: mod error;
         error.rs: fn f() { unsafe { g() } } #[thread_local] static X: u8 = 1;",
        &["error.rs has `unsafe`", "error.rs has `thread_local`"],
    );
}

//! The layers of both crates: no file imports from a layer above its own, and no files import each
//! other in a circle.
//!
//! A call of a method names no file, so an `impl` of a type in a later layer is not an import, nor is
//! the use of a trait's implementation. What else hides an import is refused (see `imports`).

mod imports;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::Path;

use imports::{Import, Sources, count, imports};

/// Layers from the lowest to the highest.
struct Rules {
    source: &'static str,
    layers: &'static [Layer],
    /// The files of the integrations that import from `raw`, with the reason. All others use the
    /// API.
    to_raw: &'static [(&'static str, &'static str)],
    /// Words, and the files or folders that may use them.
    words: &'static [(&'static str, &'static [&'static str])],
}

struct Layer {
    name: &'static str,
    /// Files (`token.rs`) and folders (`fields/`), with blanks between.
    members: &'static str,
    /// The imports between members that are allowed, with the reason. `None` allows all.
    between: Option<&'static [(&'static str, &'static str, &'static str)]>,
}

impl Layer {
    fn members(&self) -> impl Iterator<Item = &'static str> {
        self.members.split_whitespace()
    }
}

const RUNTIME: Rules = Rules {
    source: "context-vars/src",
    layers: &[
        Layer {
            name: "raw",
            members: "raw/",
            between: None,
        },
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
                (
                    "web/",
                    "propagation/",
                    "the web layer extracts and injects what is listed for propagation",
                ),
                (
                    "web/",
                    "deadline/",
                    "a request's scope begins at its call and ends with the last byte of its body",
                ),
            ]),
        },
        Layer {
            name: "faces",
            members: "lib.rs prelude.rs private/ docs/",
            between: None,
        },
    ],
    to_raw: &[
        (
            "companion/installed.rs",
            "installs the companion, whose hook is in `raw`",
        ),
        (
            "deadline/limit.rs",
            "declares a variable by hand, and makes its values without a scope",
        ),
        (
            "propagation/unlisted.rs",
            "declares a variable by hand, since it is hidden",
        ),
        (
            "service.rs",
            "captures the companion's state before the request's context is made",
        ),
        (
            "task/runtime/mod.rs",
            "brings contexts into a thread and out by calls, around polls",
        ),
        (
            "task/runtime/table.rs",
            "keeps the contexts of tasks that are not being polled",
        ),
        (
            "web/layer.rs",
            "starts from an empty context in a root, and captures the companion's state",
        ),
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
        Layer {
            name: "work",
            members: "work/",
            between: None,
        },
        Layer {
            name: "macros",
            members: "context_var/ with_context/ inherit_context/ detach_context.rs",
            between: Some(&[]),
        },
        Layer {
            name: "faces",
            members: "lib.rs",
            between: None,
        },
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
        offences.extend(
            circles(&imports)
                .into_iter()
                .map(|circle| format!("circle: {circle}")),
        );
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
            let (Some((layer, one)), Some((other_layer, other))) =
                (self.place(from), self.place(to))
            else {
                continue; // said to be in no layer
            };
            let Some(allowed) = self.layers[layer].between else {
                continue;
            };
            if layer == other_layer && one != other {
                let pair = allowed.iter().find(|pair| (pair.0, pair.1) == (one, other));
                match pair {
                    Some(pair) => drop(used.insert((pair.0, pair.1))),
                    None => offences.push(format!("{one} imports {other}: {from} -> {to}")),
                }
            }
        }
        let allowed = self
            .layers
            .iter()
            .filter_map(|layer| layer.between)
            .flatten();
        let unused = allowed.filter(|pair| !used.contains(&(pair.0, pair.1)));
        offences.extend(unused.map(|(one, other, _)| format!("{one} does not import {other}")));
        offences
    }

    /// Imports of the integrations from `raw`, unless they are listed, and listed ones without a use.
    fn past_the_api(&self, imports: &BTreeSet<Import>) -> Vec<String> {
        let layer_of = |file: &String| self.place(file).map(|(layer, _)| self.layers[layer].name);
        let past = imports.iter().filter(|(from, to)| {
            layer_of(from) == Some("integrations") && layer_of(to) == Some("raw")
        });
        let past: BTreeSet<_> = past.map(|(from, _)| from.as_str()).collect();
        let listed: BTreeSet<_> = self.to_raw.iter().map(|(file, _)| *file).collect();
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
    for start in imports
        .iter()
        .map(|(from, _)| from)
        .collect::<BTreeSet<_>>()
    {
        let Some(mut circle) = way_back(imports, start) else {
            continue;
        };
        let files: BTreeSet<_> = circle.iter().copied().collect();
        if reported.insert(files) {
            circle.push(start);
            circles.push(circle.join(" -> "));
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
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(rules.source);
    let mut sources = Sources::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("src/tests") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let file = path.strip_prefix(&root).unwrap().to_str().unwrap();
                sources.insert(file.to_owned(), fs::read_to_string(&path).unwrap());
            }
        }
    }
    sources
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

/// A crate of these files. All others that the rules list are there and empty.
fn tree(rules: &Rules, files: &[(&str, &str)]) -> Sources {
    let members = rules.layers.iter().flat_map(Layer::members);
    let empty = members.map(|member| match member.strip_suffix('/') {
        Some(folder) => (format!("{folder}/mod.rs"), String::new()),
        None => ((*member).to_owned(), String::new()),
    });
    let mut tree: Sources = empty.collect();
    for (file, text) in files {
        tree.insert((*file).to_owned(), (*text).to_owned());
    }
    tree
}

/// The offences of a crate of these files. Allowed imports that it does not need are no offence, nor
/// are the empty files.
fn said_of(rules: &Rules, files: &[(&str, &str)]) -> Vec<String> {
    let mut offences = rules.offences(&tree(rules, files));
    offences.retain(|offence| {
        let undeclared = offence.strip_suffix(" is declared by no `mod`");
        let is_empty = undeclared.is_some_and(|file| files.iter().all(|(given, _)| *given != file));
        !is_empty && !offence.contains("does not import")
    });
    offences
}

#[test]
fn runtime_has_three_layers_and_no_circle() {
    let offences = RUNTIME.offences(&sources(&RUNTIME));
    assert!(offences.is_empty(), "{offences:#?}");
}

#[test]
fn macros_have_three_layers_and_no_circle() {
    let offences = MACROS.offences(&sources(&MACROS));
    assert!(offences.is_empty(), "{offences:#?}");
}

#[test]
fn upward_import_is_found_in_each_crate() {
    let runtime = [
        ("lib.rs", "mod raw; mod token; mod stream;"),
        ("raw/mod.rs", "mod map;"),
        ("raw/map.rs", "fn f() { if true { crate::token::make() } }"),
        (
            "token.rs",
            "pub(crate) fn make() -> crate::stream::Poll { loop {} }",
        ),
        ("stream.rs", "use crate::Root;"),
    ];
    assert_eq!(
        said_of(&RUNTIME, &runtime),
        [
            "raw imports API: raw/map.rs -> token.rs",
            "integrations imports faces: stream.rs -> lib.rs",
            "API imports integrations: token.rs -> stream.rs",
        ]
    );
    let macros = [
        ("lib.rs", "mod error; mod work; mod with_context;"),
        ("error.rs", "use super::{work::{self, plan::Plan}};"),
        (
            "work/mod.rs",
            "pub mod plan; fn f() { local!(crate::with_context::g()) }",
        ),
        ("work/plan.rs", ""),
        ("with_context/mod.rs", ""),
    ];
    assert_eq!(
        said_of(&MACROS, &macros),
        [
            "shared imports work: error.rs -> work/mod.rs",
            "shared imports work: error.rs -> work/plan.rs",
            "work imports macros: work/mod.rs -> with_context/mod.rs",
        ]
    );
}

#[test]
fn circle_is_found_in_each_crate() {
    let runtime = [
        ("lib.rs", "mod raw;"),
        (
            "raw/mod.rs",
            "mod value; mod pool; mod map; pub use map::Map;",
        ),
        ("raw/value.rs", "use super::pool;"),
        ("raw/pool.rs", "use crate::raw::{map::{node}};"),
        ("raw/map/mod.rs", "pub mod node;"),
        (
            "raw/map/node.rs",
            "impl super::super::value::Values for Node {}",
        ),
    ];
    assert_eq!(
        said_of(&RUNTIME, &runtime),
        ["circle: raw/map/node.rs -> raw/value.rs -> raw/pool.rs -> raw/map/node.rs"]
    );
    let through_the_parent = [
        ("lib.rs", "mod function;"),
        (
            "function/mod.rs",
            "mod receiver; mod kind; pub use self::kind::Kind;",
        ),
        ("function/receiver.rs", "use super::Kind;"),
        (
            "function/kind.rs",
            "fn f() { let _ = super::receiver::Receiver; }",
        ),
    ];
    assert_eq!(
        said_of(&MACROS, &through_the_parent),
        ["circle: function/kind.rs -> function/receiver.rs -> function/mod.rs -> function/kind.rs"]
    );
}

#[test]
fn imports_between_members_are_found_unless_they_are_listed() {
    let files = [
        (
            "lib.rs",
            "mod logs; mod web; mod deadline; mod propagation;",
        ),
        (
            "web/mod.rs",
            "mod layer; use crate::{propagation::Propagator, logs as l};",
        ),
        ("web/layer.rs", "use super::l; fn f() { l::g() }"),
        (
            "deadline/mod.rs",
            "mod inner { fn f() { crate::web::layer::h() } }",
        ),
    ];
    assert_eq!(
        said_of(&RUNTIME, &files),
        [
            "deadline/ imports web/: deadline/mod.rs -> web/layer.rs",
            "web/ imports logs/: web/mod.rs -> logs/mod.rs",
        ]
    );
    let unused = RUNTIME.offences(&tree(&RUNTIME, &[]));
    assert!(
        unused.contains(&"web/ does not import propagation/".to_owned()),
        "{unused:#?}"
    );
}

#[test]
fn function_with_the_name_of_a_module_is_imported_from_where_it_is() {
    let calls = [
        ("lib.rs", "mod raw; mod inherit; pub use inherit::inherit;"),
        ("raw/mod.rs", "fn f() { crate::inherit(g) }"),
        ("inherit.rs", ""),
    ];
    assert_eq!(
        said_of(&RUNTIME, &calls),
        ["raw imports faces: raw/mod.rs -> lib.rs"]
    );
    let uses = [
        ("lib.rs", "mod stage; mod thread; pub mod task;"),
        ("stage.rs", "use crate::thread::spawn;"),
        ("thread.rs", "mod spawn; pub fn spawn() {}"),
        ("thread/spawn.rs", ""),
    ];
    let imports = imports(&tree(&RUNTIME, &uses)).0;
    let from_stage = imports.iter().filter(|(from, _)| from == "stage.rs");
    let from_stage: Vec<_> = from_stage.map(|(_, to)| to.as_str()).collect();
    assert_eq!(from_stage, ["thread.rs", "thread/spawn.rs"]);
}

#[test]
fn what_would_hide_an_import_is_refused() {
    let token = r#"
        struct Token { #[cfg(test)] id: u8, map: crate::raw::Map, poll: crate::stream::Poll }
        fn f() { #[cfg(all(test, unix))] g(); include!("hidden.rs") }
    "#;
    let files = [
        (
            "lib.rs",
            "#[macro_use] mod raw; mod token; #[cfg(test)] mod tests; mod stream;",
        ),
        ("raw/mod.rs", "macro_rules! m { () => {} } mod map;"),
        ("raw/map.rs", "macro_rules! n { () => {} }"),
        ("raw/unread.rs", ""),
        ("token.rs", token),
    ];
    assert_eq!(
        said_of(&RUNTIME, &files),
        [
            "lib.rs: `#[macro_use]`",
            "token.rs: `cfg(test)` on something other than a module",
            "token.rs: `cfg(test)` on something other than a module",
            "token.rs: `include!`",
            "raw/unread.rs is declared by no `mod`",
            "raw/mod.rs: `macro_rules!` above other files",
            "API imports integrations: token.rs -> stream.rs",
        ]
    );
}

#[test]
fn integrations_that_import_raw_are_found_unless_they_are_listed() {
    let files = [
        ("lib.rs", "mod raw; mod service; mod stream;"),
        ("service.rs", "use crate::raw::context::RawContext;"),
        ("stream.rs", "fn f() { crate::raw::context::g() }"),
        ("raw/mod.rs", "pub mod context;"),
        ("raw/context.rs", ""),
    ];
    assert_eq!(
        said_of(&RUNTIME, &files),
        ["stream.rs imports raw, past the API"]
    );
    let unused = RUNTIME.offences(&tree(&RUNTIME, &[]));
    assert!(
        unused.contains(&"service.rs does not import raw".to_owned()),
        "{unused:#?}"
    );
}

#[test]
fn what_is_no_import_is_left_alone() {
    let raw = r#"
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
    let files = [("lib.rs", "mod raw; mod token;"), ("raw/mod.rs", raw)];
    assert_eq!(said_of(&RUNTIME, &files), [""; 0]);
}

#[test]
fn words_out_of_place_and_files_in_no_layer_are_found() {
    let files = [
        (
            "lib.rs",
            "#![forbid(unsafe_code)] // unsafe\nmod token; mod stray; mod gone;",
        ),
        (
            "token.rs",
            "m! { unsafe { f() } Token![unsafe] } thread_local!(static X: u8 = 1);",
        ),
        ("stray.rs", ""),
    ];
    assert_eq!(
        said_of(&RUNTIME, &files),
        [
            "gone.rs is declared and not there",
            "stray.rs is in no layer",
            "token.rs has `unsafe`",
            "token.rs has `thread_local`",
        ]
    );
    let files = [
        ("lib.rs", "mod error;"),
        (
            "error.rs",
            "fn f() { unsafe { g() } } #[thread_local] static X: u8 = 1;",
        ),
    ];
    assert_eq!(
        said_of(&MACROS, &files),
        ["error.rs has `unsafe`", "error.rs has `thread_local`"]
    );
}

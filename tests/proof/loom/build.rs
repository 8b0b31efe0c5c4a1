//! Sets `cfg(loom)`, and writes copies of `refcount.rs` with one ordering weakened in each.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

const STRONG: [&str; 2] = ["Ordering::Acquire", "Ordering::Release"];

fn main() {
    println!("cargo::rustc-cfg=loom");
    let manifest = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let source = Path::new(&manifest).join("../../../context-vars/src/raw/refcount.rs");
    println!("cargo::rerun-if-changed={}", source.display());
    let count = fs::read_to_string(&source).expect("the source of the counts");
    let out = env::var("OUT_DIR").expect("cargo sets it");
    let weakened = weakened(&count, Path::new(&out));
    fs::write(Path::new(&out).join("weakened.rs"), weakened).expect("a file of our own");
}

/// The copies, as modules, and for each a test that expects loom to object.
fn weakened(count: &str, out: &Path) -> String {
    let mut all = String::new();
    let strong = STRONG
        .iter()
        .flat_map(|ordering| count.match_indices(ordering));
    let mut places: Vec<_> = strong.collect();
    places.sort_unstable();
    for (at, ordering) in &places {
        let line = count[..*at].matches('\n').count() + 1;
        let name = format!("line_{line}_relaxed");
        let path = out.join(format!("{name}.rs"));
        let text = [
            &count[..*at],
            "Ordering::Relaxed",
            &count[at + ordering.len()..],
        ];
        // The copies are one module deeper than the original.
        let text = text.concat().replace("super::sync", "crate::sync");
        fs::write(&path, text).expect("a file of our own");
        writeln!(
            all,
            "#[path = {path:?}]\nmod {name};\ncrate::count!({name}::RefCount);\n\
             #[test]\nfn loom_objects_to_{name}() {{\n    \
             crate::refcounts::loom_objects_to::<{name}::RefCount>();\n}}"
        )
        .expect("writing to a string");
    }
    writeln!(all, "static WEAKENED: usize = {};", places.len()).expect("writing to a string");
    all
}

//! Programs that must not compile, and what the compiler says of each.
//!
//! `TRYBUILD=overwrite cargo test -p context-vars-ui-tests` writes the outputs anew.

use std::env;
use std::process::Command;

/// Mistakes for which we have words.
#[test]
fn mistakes_are_reported_in_our_words() {
    trybuild::TestCases::new().compile_fail("ours/*/*.rs");
}

/// Mistakes that only rustc can word. On another toolchain than the pinned one it words them
/// otherwise.
#[test]
fn what_only_rustc_can_word_points_at_the_users_tokens() {
    if is_pinned_toolchain() {
        trybuild::TestCases::new().compile_fail("rustc/*/*.rs");
    }
}

fn is_pinned_toolchain() -> bool {
    let pinned = include_str!("../../rust-toolchain.toml");
    let version = pinned
        .split('"')
        .nth(1)
        .expect("the file names a toolchain");
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .arg("--version")
        .output()
        .expect("cargo found rustc, too");
    String::from_utf8_lossy(&output.stdout).contains(&format!(" {version} "))
}

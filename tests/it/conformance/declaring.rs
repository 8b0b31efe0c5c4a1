//! Section A: declarations, defaults, the unset state.

use std::sync::{Arc, Mutex};

use context_vars::{Context, context_var, isolated};

context_var! {
    static UNSET: &str;
    static TEXT: &str = "default";
    static NUMBER: u32 = 42;
    static NOTHING: Option<u32> = None;
    static NARROW: u8 = 1;
    static WIDE: u64 = 1;
    static SETTINGS: Vec<u32>;
    static SHARED: Arc<Mutex<Vec<u32>>>;
}

#[test]
fn defaults_of_each_kind_are_read_and_names_are_as_written() {
    // case 16
    assert!(UNSET.try_get().is_err());
    assert_eq!(TEXT.get(), "default");
    assert_eq!(NUMBER.get(), 42);
    assert_eq!(NOTHING.try_get(), Ok(None));
    assert_eq!((UNSET.name(), NOTHING.name()), ("UNSET", "NOTHING"));
}

#[test]
fn variables_of_equal_value_and_other_type_are_no_aliases() {
    // case 21: nested contexts, each of which adds one.
    let outer = Context::new().with_value(&NARROW, 7);
    let inner = outer.clone().with_value(&WIDE, 7);
    let innermost = inner.clone().with_value(&NUMBER, 7);
    assert_eq!(innermost.get(&NARROW), Some(&7));
    assert_eq!(innermost.get(&WIDE), Some(&7));
    assert!(!outer.contains(&WIDE) && !inner.contains(&NUMBER));
    assert_eq!((outer.len(), inner.len(), innermost.len()), (1, 2, 3));
    let without = innermost.without(&NARROW);
    assert_eq!(without.get(&WIDE), Some(&7));
    assert!(!without.contains(&NARROW));
}

#[test]
fn later_edits_of_the_source_of_a_value_are_not_seen() {
    // case 24: but a value that is shared and mutable shows its mutation.
    let mut settings = vec![1, 2];
    let shared = Arc::new(Mutex::new(vec![1]));
    SETTINGS.sync_scope(settings.clone(), || {
        SHARED.sync_scope(shared.clone(), || {
            settings.push(3);
            shared.lock().unwrap().push(2);
            assert_eq!(SETTINGS.get(), [1, 2]);
            assert_eq!(*SHARED.get().lock().unwrap(), [1, 2]);
        });
    });
    isolated(|| assert!(!SETTINGS.is_set()));
}

#[test]
fn mistakes_of_declarations_and_uses_do_not_compile() {
    let mistakes = [
        // case 2: no name, or one that is not a name.
        "ui/ours/context_var/name_missing",
        "ui/ours/context_var/name_is_text",
        // case 22: what cannot be a key is refused where it is written.
        "ui/ours/context_var/type_not_send",
        "ui/ours/context_var/type_not_sync",
        // case 94, case 102: a context that is entered, here or on another thread.
        "ui/rustc/runtime/context_entered_on_two_threads",
        "ui/rustc/runtime/context_entered_twice",
        // case 292: each place and form that is wrong has words of its own.
        "ui/ours/context_var/in_function",
        "ui/ours/context_var/type_missing",
        "ui/ours/with_context/on_struct",
        "ui/ours/with_context/on_function_without_body",
        "ui/ours/with_context/on_const_fn",
        "ui/ours/with_context/variable_twice",
        "ui/rustc/with_context/variable_unknown",
        "ui/rustc/with_context/value_of_another_type",
    ];
    for mistake in mistakes {
        for ending in ["rs", "stderr"] {
            let file = format!("{}/{mistake}.{ending}", env!("CARGO_MANIFEST_DIR"));
            assert!(std::path::Path::new(&file).exists(), "{file}");
        }
    }
}

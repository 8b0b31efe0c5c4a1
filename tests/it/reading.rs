//! R1, R2: what a read gives, and its errors.

use std::sync::{Arc, Mutex};

use context_vars::{Context, context_var, detached};

use crate::support::{on_a_thread, one_thread, panic_of};

context_var! {
    static USER: String = "anonymous".to_owned();
    static REQUEST_ID: u64;
    static MAYBE: Option<u32>;
    static NUMBER: u32 = 42;
    static NOTHING: Option<u32> = None;
    static SETTINGS: Vec<u32>;
    static SHARED: Arc<Mutex<Vec<u32>>>;
    static WIDE: Wide;
    static UNIT: ();
    static BYTE: u8;
    static KILO: [u8; 1024];
    static WORDS: [u64; 13];
}

#[derive(Clone)]
#[repr(align(64))]
struct Wide([u8; 64]);

mod other {
    context_vars::context_var! {
        pub static REQUEST_ID: u64 = 1;
    }
}

#[test]
fn value_then_fallback_then_default_then_error() {
    // case 4, case 7: the fallback wins over the default and loses against a value.
    // case 16: of each kind; case 9: a default is no value.
    assert_eq!((USER.get(), USER.is_set()), ("anonymous".into(), false));
    assert_eq!((NUMBER.get(), NOTHING.try_get()), (42, Ok(None)));
    assert_eq!(USER.get_or("fallback".into()), "fallback");
    let is_unset = || REQUEST_ID.try_get().is_err() && !REQUEST_ID.is_set();
    assert!(is_unset());
    assert_eq!(REQUEST_ID.get_or(5), 5);
    USER.sync_scope("alice".into(), || {
        assert_eq!((USER.get(), USER.is_set()), ("alice".into(), true));
        assert_eq!(USER.get_or("fallback".into()), "alice");
        let never = || unreachable!("not called when set"); // case 11
        assert_eq!(USER.get_or_else(never), "alice");
        // case 17: unset at the start, inside another variable's scope, and after a snapshot there.
        assert!(is_unset());
        let _snapshot = Context::current();
        assert!(is_unset());
    });
    assert!(!USER.is_set());
}

#[test]
fn lookup_error_names_variable_module_and_place_and_is_the_panic_of_get_and_with() {
    let error = REQUEST_ID.try_get().unwrap_err();
    assert_eq!(REQUEST_ID.try_with(|_| ()).unwrap_err(), error);
    assert_eq!(error.name(), "REQUEST_ID");
    assert_eq!(error.module_path(), module_path!());
    let place = error.location();
    assert_eq!((place.file(), place.line()), (file!(), 11));
    let text = error.to_string();
    for part in [concat!(module_path!(), "::REQUEST_ID"), "reading.rs:11:"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(panic_of(|| REQUEST_ID.get()), text);
    assert_eq!(panic_of(|| REQUEST_ID.with(|id| *id)), text);
}

#[test]
fn name_module_and_location_are_those_of_the_declaration() {
    // case 1
    assert_eq!((USER.name(), USER.module_path()), ("USER", module_path!()));
    assert_eq!((REQUEST_ID.name(), WORDS.name()), ("REQUEST_ID", "WORDS"));
    assert_eq!((USER.location().line(), USER.location().column()), (10, 12));
    let shown = concat!("ContextVar(", module_path!(), "::USER)");
    assert_eq!(format!("{USER:?}"), shown);
}

#[test]
fn same_name_in_two_modules_is_two_variables() {
    // case 19, case 237
    let there = concat!(module_path!(), "::other");
    assert_eq!(other::REQUEST_ID.module_path(), there);
    REQUEST_ID.sync_scope(7, || {
        assert_eq!(other::REQUEST_ID.get(), 1);
        other::REQUEST_ID.sync_scope(8, || assert_eq!(REQUEST_ID.get(), 7));
    });
}

#[test]
fn none_as_value_differs_from_unset() {
    // case 12
    MAYBE.sync_scope(None, || {
        assert!(MAYBE.is_set());
        assert_eq!((MAYBE.get(), MAYBE.get_or(Some(2))), (None, None));
        let token = MAYBE.set(Some(1));
        assert_eq!(token.old_value(), Some(&None), "it was set, to `None`");
        token.reset().unwrap();
        assert!(MAYBE.is_set());
    });
    assert!(MAYBE.try_get().is_err());
}

#[test]
fn setting_the_default_is_a_value_and_removing_restores_the_default() {
    let (alice, anonymous) = (|| "alice".to_owned(), || "anonymous".to_owned());
    let seen = || (USER.get(), USER.is_set());
    detached(|| {
        // case 54
        USER.set(alice());
        USER.set(anonymous());
        assert_eq!(seen(), (anonymous(), true));
    });
    // case 56: by every way to remove and to read.
    detached(|| {
        USER.set(alice()).reset().unwrap();
        assert_eq!(seen(), (anonymous(), false));
        assert_eq!(Context::current().get(&USER), None);
    });
    let mut without = Context::new().with_value(&USER, alice()).without(&USER);
    assert_eq!(without.run(seen), (anonymous(), false));
}

#[test]
fn later_edits_of_the_source_of_a_value_are_not_seen() {
    // case 24, case 76: but a value that is shared and mutable is the same object, and shows its
    // mutation.
    let mut settings = vec![1, 2];
    let shared = Arc::new(Mutex::new(vec![1]));
    SETTINGS.sync_scope(settings.clone(), || {
        SHARED.sync_scope(shared.clone(), || {
            settings.push(3);
            shared.lock().unwrap().push(2);
            assert_eq!(SETTINGS.get(), [1, 2]);
            assert_eq!(*SHARED.get().lock().unwrap(), [1, 2]);
            assert!(Arc::ptr_eq(&SHARED.get(), &shared));
        });
    });
}

#[test]
fn thread_starts_in_an_empty_context_of_its_own() {
    // R1; case 166, case 169: the default is the process's.
    USER.sync_scope("alice".into(), || {
        on_a_thread(|| {
            assert_eq!((USER.get().as_str(), USER.is_set()), ("anonymous", false));
            USER.set("bob".into());
        });
        assert_eq!(USER.get(), "alice");
    });
}

#[test]
fn values_of_any_size_and_alignment_are_read_back() {
    let bytes = std::array::from_fn(|n| n as u8);
    detached(|| {
        WIDE.set(Wide(bytes));
        UNIT.set(());
        BYTE.set(8);
        KILO.set([3; 1024]);
        WORDS.set([4; 13]);
        UNIT.get();
        assert_eq!((BYTE.get(), WORDS.get()), (8, [4; 13]));
        assert_eq!((WIDE.get().0, KILO.get()), (bytes, [3; 1024]));
        assert_eq!(WIDE.with(|wide| std::ptr::from_ref(wide).addr() % 64), 0);
    });
}

#[test]
fn lookup_error_says_how_to_inherit_where_nothing_was_inherited() {
    let hints = || {
        let text = REQUEST_ID.try_get().unwrap_err().to_string();
        text.contains("threads and tasks inherit nothing by themselves")
    };
    assert!(on_a_thread(hints));
    let task = one_thread().block_on(async { tokio::spawn(async move { hints() }).await });
    assert!(task.unwrap());
    assert!(!detached(hints));
}

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
}

mod other {
    context_vars::context_var! {
        pub static REQUEST_ID: u64 = 1;
    }
}

#[test]
fn value_then_fallback_then_default_then_error() {
    // case 4, case 7: the fallback wins over the default and loses against a value.
    assert_eq!(USER.get(), "anonymous");
    assert_eq!(USER.get_or("fallback".into()), "fallback");
    assert!(REQUEST_ID.try_get().is_err());
    assert_eq!(REQUEST_ID.get_or(5), 5);
    USER.sync_scope("alice".into(), || {
        assert_eq!(USER.get(), "alice");
        assert_eq!(USER.get_or("fallback".into()), "alice");
        assert_eq!(
            USER.get_or_else(|| unreachable!("not called when set")),
            "alice"
        ); // case 11
    });
}

#[test]
fn lookup_error_names_variable_module_and_place() {
    let error = REQUEST_ID.try_get().unwrap_err();
    assert_eq!(error.name(), "REQUEST_ID");
    assert_eq!(error.module_path(), module_path!());
    assert_eq!(error.location().file(), file!());
    assert_eq!(error.location().line(), 11);
    let text = error.to_string();
    assert!(
        text.contains(concat!(module_path!(), "::REQUEST_ID")),
        "{text}"
    );
    assert!(text.contains("reading.rs:11:"), "{text}");
    assert_eq!(REQUEST_ID.try_with(|_| ()).unwrap_err(), error);
}

#[test]
fn get_and_with_panic_with_the_text_of_the_error_at_the_caller() {
    let text = REQUEST_ID.try_get().unwrap_err().to_string();
    assert_eq!(panic_of(|| REQUEST_ID.get()), text);
    assert_eq!(panic_of(|| REQUEST_ID.with(|id| *id)), text);
}

#[test]
fn name_module_and_location_are_those_of_the_declaration() {
    // case 1
    assert_eq!(USER.name(), "USER");
    assert_eq!(USER.module_path(), module_path!());
    assert_eq!(USER.location().line(), 10);
    assert_eq!(USER.location().column(), 12);
    assert_eq!(
        format!("{USER:?}"),
        format!("ContextVar({}::USER)", module_path!())
    );
}

#[test]
fn defaults_of_each_kind_are_read_and_names_are_as_written() {
    // case 16
    assert!(REQUEST_ID.try_get().is_err());
    assert_eq!(USER.get(), "anonymous");
    assert_eq!(NUMBER.get(), 42);
    assert_eq!(NOTHING.try_get(), Ok(None));
    assert_eq!(
        (REQUEST_ID.name(), NOTHING.name()),
        ("REQUEST_ID", "NOTHING")
    );
}

#[test]
fn same_name_in_two_modules_is_two_variables() {
    // case 19, case 237
    assert_eq!(
        other::REQUEST_ID.module_path(),
        concat!(module_path!(), "::other")
    );
    REQUEST_ID.sync_scope(7, || {
        assert_eq!(other::REQUEST_ID.get(), 1);
        other::REQUEST_ID.sync_scope(8, || assert_eq!(REQUEST_ID.get(), 7));
    });
}

#[test]
fn is_set_is_about_values_and_not_about_defaults() {
    // case 9
    assert!(!USER.is_set());
    USER.sync_scope("alice".into(), || assert!(USER.is_set()));
    assert!(!USER.is_set());
    assert!(!REQUEST_ID.is_set());
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
fn removing_restores_the_initial_value_for_every_way_to_read() {
    // case 56
    detached(|| {
        USER.set("alice".into()).reset().unwrap();
        assert_eq!(
            (USER.get().as_str(), Context::current().get(&USER)),
            ("anonymous", None)
        );
    });
    let mut without = Context::new()
        .with_value(&USER, "alice".into())
        .without(&USER);
    assert_eq!(
        without.run(|| (USER.get(), USER.is_set())),
        ("anonymous".into(), false)
    );
}

#[test]
fn setting_the_default_is_a_value_like_any_other() {
    // case 54
    detached(|| {
        drop(USER.set("alice".into()));
        drop(USER.set("anonymous".into()));
        assert!(USER.is_set());
        assert_eq!(USER.get(), "anonymous");
    });
}

#[test]
fn unset_variable_is_unset_from_every_initial_state() {
    // case 17: at the start, inside another variable's scope, and after a snapshot there.
    assert!(REQUEST_ID.try_get().is_err());
    USER.sync_scope("alice".into(), || {
        assert!(REQUEST_ID.try_get().is_err());
        let _snapshot = Context::current();
        assert!(REQUEST_ID.try_get().is_err());
    });
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
            drop(USER.set("bob".into()));
        });
        assert_eq!(USER.get(), "alice");
    });
}

#[test]
fn values_of_any_size_and_alignment_are_read_back() {
    sizes::check(|| {
        let wide = sizes::WIDE.get();
        assert_eq!(wide.0[63], 63);
    });
}

mod sizes {
    use context_vars::context_var;

    #[derive(Clone, Copy)]
    #[repr(align(64))]
    pub struct Wide(pub [u8; 64]);

    context_var! {
        pub static WIDE: Wide;
        static NOTHING: ();
        static BYTE: u8;
        static KILO: [u8; 1024];
        static WORDS: [u64; 13];
    }

    pub fn check(inside: impl FnOnce()) {
        let mut bytes = [0; 64];
        bytes[63] = 63;
        WIDE.sync_scope(Wide(bytes), || {
            NOTHING.sync_scope((), || {
                BYTE.sync_scope(8, || {
                    KILO.sync_scope([3; 1024], || {
                        WORDS.sync_scope([4; 13], || {
                            NOTHING.get();
                            assert_eq!(BYTE.get(), 8);
                            assert_eq!(KILO.get(), [3; 1024]);
                            assert_eq!(WORDS.get(), [4; 13]);
                            assert_eq!(WIDE.with(|wide| std::ptr::from_ref(wide).addr() % 64), 0);
                            inside();
                        });
                    });
                });
            });
        });
    }
}

#[test]
fn lookup_error_says_how_to_inherit_where_nothing_was_inherited() {
    let hint = "threads and tasks inherit nothing by themselves";
    let bare = on_a_thread(|| REQUEST_ID.try_get().unwrap_err().to_string());
    assert!(bare.contains(hint));
    let task = one_thread().block_on(async {
        let task = tokio::spawn(async { REQUEST_ID.try_get().unwrap_err().to_string() });
        task.await.unwrap()
    });
    assert!(task.contains(hint), "{task}");
    let inside = detached(|| REQUEST_ID.try_get().unwrap_err().to_string());
    assert!(!inside.contains(hint), "{inside}");
}

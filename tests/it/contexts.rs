//! R6, R7, R8: `Context`, copies, `run`.

use context_vars::{Context, context_var, detached};

use crate::support::{Tracked, panic_of, times};

context_var! {
    static USER: String = "anonymous".to_owned();
    static REQUEST_ID: u64;
    #[redact]
    static PASSWORD: &str;
    static OPAQUE: Tracked;
    static NUMBER: std::net::Ipv4Addr;
    static NARROW: u8;
}

mod second {
    context_vars::context_var! {
        pub static USER: &str;
    }
}

fn shown(context: &Context) -> String {
    format!("{context:?}")
}

#[test]
fn copies_are_independent_both_ways() {
    // case 86, case 96, case 104, case 106
    detached(|| {
        REQUEST_ID.set(1);
        let mut copy = Context::current();
        REQUEST_ID.set(2);
        USER.set("later".to_owned());
        assert_eq!((copy.get(&REQUEST_ID), copy.len()), (Some(&1), 1));
        copy.run(|| {
            assert_eq!(REQUEST_ID.get(), 1);
            REQUEST_ID.set(3);
        });
        assert_eq!(REQUEST_ID.get(), 2);
        let mut clone = copy.clone();
        clone.run(|| drop(REQUEST_ID.set(4)));
        assert_eq!(copy.get(&REQUEST_ID), Some(&3));
        assert_eq!(clone.get(&REQUEST_ID), Some(&4));
    });
}

#[test]
fn run_keeps_what_was_set_and_a_second_run_sees_it() {
    // case 92, case 101, case 107; case 6: a default is no entry.
    let mut context = Context::new();
    context.run(|| drop(REQUEST_ID.set(1)));
    assert!(context.contains(&REQUEST_ID));
    let seen = context.run(|| (REQUEST_ID.get(), USER.get()));
    assert_eq!(seen, (1, "anonymous".to_owned()));
    assert!(!context.contains(&USER) && context.get(&USER).is_none());
    assert!(!REQUEST_ID.is_set());
}

#[test]
fn run_that_panics_keeps_what_was_set_and_can_be_entered_again() {
    // case 89, case 91, case 202; R7, R8, case 197
    let mut context = Context::new();
    USER.sync_scope("outer".into(), || {
        let text = panic_of(|| {
            context.run(|| {
                REQUEST_ID.set(9);
                panic!("in run");
            })
        });
        assert_eq!(text, "in run");
        assert_eq!(USER.get(), "outer");
        assert!(!REQUEST_ID.is_set());
    });
    assert_eq!(context.run(|| REQUEST_ID.get()), 9);
}

#[test]
fn runs_of_different_contexts_and_of_copies_nest() {
    // case 47: one handle cannot be entered twice (it does not compile); a copy of it can.
    let mut outer = Context::new().with_value(&REQUEST_ID, 1);
    let (mut copy, mut inner) = (outer.clone(), Context::new().with_value(&REQUEST_ID, 2));
    outer.run(|| {
        inner.run(|| assert_eq!(REQUEST_ID.get(), 2));
        copy.run(|| {
            assert_eq!(REQUEST_ID.get(), 1);
            REQUEST_ID.set(3);
        });
        assert_eq!(REQUEST_ID.get(), 1);
    });
}

#[test]
fn with_value_and_without_make_the_context_they_say() {
    // case 71, case 79, case 84
    const EMPTY: Context = Context::new();
    let before = EMPTY.with_value(&REQUEST_ID, 1).with_value(&REQUEST_ID, 2);
    let after = before.clone().without(&REQUEST_ID).without(&REQUEST_ID);
    assert_eq!((before.get(&REQUEST_ID), before.len()), (Some(&2), 1));
    for empty in [after, EMPTY, Context::default()] {
        assert_eq!((empty.get(&REQUEST_ID), empty.len()), (None, 0));
        assert!(empty.is_empty() && !before.is_empty());
    }
}

#[test]
fn each_version_of_a_context_stays_as_it_was() {
    // case 81 and case 82: setting an identical value makes a new entry. Contexts cannot be compared, so
    // the crate does not promise "the same object".
    let mut first = Context::new().with_value(&REQUEST_ID, 1);
    let second = first.clone().with_value(&REQUEST_ID, 2);
    let third = second.clone().with_value(&REQUEST_ID, 2);
    let mut fourth = third.clone().with_value(&USER, "alice".to_owned());
    let fifth = fourth.clone().without(&REQUEST_ID);
    assert_eq!(shown(&first), "{REQUEST_ID: 1}");
    assert_eq!([&second, &third].map(shown), ["{REQUEST_ID: 2}"; 2]);
    assert_eq!(shown(&fourth), r#"{REQUEST_ID: 2, USER: "alice"}"#);
    assert_eq!(shown(&fifth), r#"{USER: "alice"}"#);
    first.run(|| {
        fourth.run(|| assert_eq!((REQUEST_ID.get(), USER.get().as_str()), (2, "alice")));
        assert_eq!((REQUEST_ID.get(), USER.is_set()), (1, false));
    });
}

#[test]
fn variables_of_equal_value_and_other_type_are_no_aliases() {
    // case 21: nested contexts, each of which adds one.
    let outer = Context::new().with_value(&NARROW, 7);
    let inner = outer.clone().with_value(&REQUEST_ID, 7);
    let innermost = inner.clone().with_value(&USER, "7".to_owned());
    assert_eq!(shown(&outer), "{NARROW: 7}");
    assert_eq!(shown(&inner), "{NARROW: 7, REQUEST_ID: 7}");
    assert_eq!(
        shown(&innermost),
        r#"{NARROW: 7, REQUEST_ID: 7, USER: "7"}"#
    );
    let without = innermost.without(&NARROW);
    assert_eq!(without.get(&REQUEST_ID), Some(&7));
    assert!(!without.contains(&NARROW));
}

#[test]
fn context_is_listed_by_name_then_module_with_typed_values() {
    // case 97
    let context = Context::new()
        .with_value(&USER, "alice".to_owned())
        .with_value(&second::USER, "bob")
        .with_value(&REQUEST_ID, 7);
    assert_eq!(context.len(), 3);
    let listed = context.iter().map(|e| (e.name(), e.module_path()));
    let (here, there) = (module_path!(), concat!(module_path!(), "::second"));
    let expected = [("REQUEST_ID", here), ("USER", here), ("USER", there)];
    assert!(listed.eq(expected), "{context:?}");
    let mut entries = context.iter();
    assert_eq!(entries.len(), 3);
    let id = entries.next().unwrap();
    assert_eq!(id.downcast_ref::<u64>(), Some(&7));
    assert_eq!(id.downcast_ref::<String>(), None);
    let last = entries.next_back().unwrap();
    assert_eq!(last.downcast_ref::<&str>(), Some(&"bob"));
    let by_reference = (&context).into_iter().map(|e| e.to_string());
    assert!(by_reference.eq(["7", "alice", "bob"]), "{context:?}");
}

#[test]
fn debug_is_sorted_redacted_and_falls_back_to_the_name_of_the_type() {
    let alive = crate::support::Alive::default();
    let context = Context::new()
        .with_value(&USER, "alice".to_owned())
        .with_value(&REQUEST_ID, 7)
        .with_value(&PASSWORD, "secret")
        .with_value(&OPAQUE, alive.track());
    let tracked = std::any::type_name::<Tracked>();
    let text = format!(r#"{{OPAQUE: {tracked}, PASSWORD: ***, REQUEST_ID: 7, USER: "alice"}}"#);
    assert_eq!(shown(&context), text);
    assert!(!format!("{context:#?}").contains("secret"));
    assert_eq!(shown(&Context::new()), "{}");
}

#[test]
fn display_of_an_entry_is_display_and_redacts_too() {
    let context = Context::new()
        .with_value(&NUMBER, std::net::Ipv4Addr::LOCALHOST)
        .with_value(&PASSWORD, "secret");
    let shown = context
        .iter()
        .map(|entry| format!("{}={entry}", entry.name()));
    assert!(shown.eq(["NUMBER=127.0.0.1", "PASSWORD=***"]));
    let secret = context.iter().last().unwrap().downcast_ref::<&str>();
    assert_eq!(secret, Some(&"secret"), "redacting is about printing");
}

#[test]
fn handle_is_read_while_a_copy_of_it_is_entered() {
    // case 99: an entered context cannot be read, a copy beside it can.
    let mut entered = Context::new().with_value(&REQUEST_ID, 1);
    let beside = entered.clone();
    let rounds = times(1000) as u64;
    std::thread::scope(|threads| {
        threads.spawn(|| entered.run(|| (2..rounds).for_each(|n| drop(REQUEST_ID.set(n)))));
        (0..rounds).for_each(|_| assert_eq!(beside.get(&REQUEST_ID), Some(&1)));
    });
    assert_eq!(entered.get(&REQUEST_ID), Some(&(rounds - 1)));
}

#[test]
#[cfg_attr(miri, ignore = "a thousand levels take Miri minutes")]
fn thousand_nested_runs_restore_each_level() {
    // case 234, case 306
    fn level(n: u64) {
        Context::current().run(|| {
            REQUEST_ID.set(n);
            if n < 1000 {
                level(n + 1);
            }
            assert_eq!(REQUEST_ID.get(), n);
        });
    }
    level(1);
    assert!(!REQUEST_ID.is_set());
}

//! The fields of a line, whatever the values hold.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use context_vars::{Context, ContextVar, Fields, context_var, detached, fields};

macro_rules! many {
    ($($name:ident)*) => {
        context_var! { $(pub static $name: String;)* }
        pub static MANY: [&ContextVar<String>; 66] = [$(&$name),*];
    };
}

many! {
    V0 V1 V2 V3 V4 V5 V6 V7 V8 V9 V10 V11 V12 V13 V14 V15 V16 V17 V18 V19 V20 V21 V22 V23 V24 V25
    V26 V27 V28 V29 V30 V31 V32 V33 V34 V35 V36 V37 V38 V39 V40 V41 V42 V43 V44 V45 V46 V47 V48 V49
    V50 V51 V52 V53 V54 V55 V56 V57 V58 V59 V60 V61 V62 V63 V64 V65
}

/// Shows what it is told to; with `fails` it reports an error after that.
#[derive(Clone)]
pub struct Shows {
    pub text: &'static str,
    pub fails: bool,
}

impl Shows {
    pub fn text(text: &'static str) -> Self {
        Self { text, fails: false }
    }
}

impl fmt::Display for Shows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)?;
        if self.fails { Err(fmt::Error) } else { Ok(()) }
    }
}

#[derive(Debug)]
#[allow(dead_code)] // for `Debug`
pub struct Point {
    x: i32,
    label: &'static str,
}

pub struct Opaque;

context_var! {
    static USER: String = "anonymous".to_owned();
    static REQUEST_ID: u64;
    #[redact]
    static PASSWORD: String;
    static SHOWS: Shows;
    static POINT: Point;
    static OPAQUE: Opaque;
    #[no_inherit]
    static HERE: &'static str;
    static FLAG: bool;
    static SMALL: i8;
    static WIDE: u128;
    static RATIO: f64;
    static SINGLE: f32;
    static BORROWED: &'static str;
    static SHARED: Arc<str>;
    static BOXED: Box<str>;
    static COW: Cow<'static, str>;
}

mod other {
    context_vars::context_var! {
        pub static USER: &'static str;
    }
}

/// What a stranger may put into a header or a form.
pub const HOSTILE: [&str; 7] = [
    "a\nERROR forged",
    "a\r\nERROR forged",
    "\x1b[31mred\x1b[0m",
    "\",\"admin\":true,\"x\":\"",
    "\u{85}next\u{2028}line\u{2029}end",
    "\u{202e}desrever",
    "\0\u{7f}\u{9b}31m",
];

/// Whether a terminal and a reader of lines take it for one line of text.
pub fn is_one_line(text: &str) -> bool {
    let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !text.contains(|c: char| c.is_control() || turns(c))
}

#[test]
fn types_of_the_standard_library_show_as_in_tracing() {
    let context = Context::new()
        .with_value(&REQUEST_ID, 7)
        .with_value(&FLAG, true)
        .with_value(&SMALL, -8)
        .with_value(&WIDE, u128::MAX)
        .with_value(&RATIO, 0.1)
        .with_value(&SINGLE, 0.1)
        .with_value(&BORROWED, "a b")
        .with_value(&SHARED, "s".into())
        .with_value(&BOXED, "b".into())
        .with_value(&COW, "c".into())
        .with_value(&USER, String::new());
    assert_eq!(
        context.to_string(),
        "borrowed=\"a b\" boxed=\"b\" cow=\"c\" flag=true ratio=0.1 request_id=7 shared=\"s\" \
         single=0.1 small=-8 user=\"\" wide=340282366920938463463374607431768211455"
    );
}

#[test]
fn other_types_show_by_display_then_debug_then_name() {
    let point = Point {
        x: 1,
        label: "a\nb",
    };
    let context = Context::new()
        .with_value(&POINT, point)
        .with_value(&OPAQUE, Opaque);
    let opaque = std::any::type_name::<Opaque>();
    assert_eq!(
        context.to_string(),
        format!(r#"opaque={opaque} point=Point {{ x: 1, label: "a\nb" }}"#)
    );
    for (text, shown) in [
        ("018f-7a", "018f-7a"),
        ("", "\"\""),
        ("two words", "\"two words\""),
        ("a=b", "\"a=b\""),
        ("a\"b", r#""a\"b""#),
        ("a\\b", r#""a\\b""#),
        ("ü", "ü"),
        ("\u{2028}", r#""\u{2028}""#),
    ] {
        let context = Context::new().with_value(&SHOWS, Shows::text(text));
        assert_eq!(context.to_string(), format!("shows={shown}"));
    }
}

#[test]
fn display_that_fails_spoils_neither_the_line_nor_the_program() {
    let context = Context::new()
        .with_value(
            &SHOWS,
            Shows {
                text: "half",
                fails: true,
            },
        )
        .with_value(&REQUEST_ID, 7);
    assert_eq!(context.to_string(), "request_id=7 shows=half");
}

#[test]
fn hostile_values_stay_one_value_on_one_line() {
    for text in HOSTILE {
        let context = Context::new()
            .with_value(&USER, text.to_owned())
            .with_value(&SHOWS, Shows::text(text))
            .with_value(&REQUEST_ID, 7);
        let line = context.to_string();
        assert!(is_one_line(&line), "{line:?}");
        let (shows, user) = line.split_once(" user=").unwrap();
        assert_eq!(shows, format!("request_id=7 shows={user}"));
        assert!(user.starts_with('"') && user.ends_with('"'), "{user}");
        assert!(
            !user.replace("\\\"", "")[1..]
                .trim_end_matches('"')
                .contains('"'),
            "{user}"
        );
    }
    let large = Context::new().with_value(&USER, "x\n".repeat(1 << 19));
    let line = large.to_string();
    assert_eq!(
        line.len(),
        "user=\"\"".len() + 3 * (1 << 19),
        "nothing is cut"
    );
    assert!(is_one_line(&line));
}

#[test]
fn redacted_is_stars_and_unset_is_nothing() {
    let context = Context::new().with_value(&PASSWORD, "secret".to_owned());
    assert_eq!(context.to_string(), "password=***");
    assert_eq!(Context::new().to_string(), "", "USER has only a default");
}

#[test]
fn chosen_fields_are_those_alone() {
    let context = Context::new()
        .with_value(&USER, "alice".to_owned())
        .with_value(&REQUEST_ID, 7)
        .with_value(&FLAG, true);
    let line = |fields: Fields| fields.of(&context).to_string();
    assert_eq!(
        line(Fields::all()),
        r#"flag=true request_id=7 user="alice""#
    );
    assert_eq!(
        line(Fields::all().only([&USER, &REQUEST_ID])),
        r#"request_id=7 user="alice""#
    );
    assert_eq!(line(Fields::all().only([&USER]).only([&FLAG])), "flag=true");
    assert_eq!(
        line(Fields::all().except([&USER]).except([&FLAG])),
        "request_id=7"
    );
    assert_eq!(
        line(Fields::all().only([&USER, &FLAG]).except([&USER])),
        "flag=true"
    );
    assert_eq!(line(Fields::all().only([])), "");
    let debug = format!("{:?}", Fields::all().only([&USER]));
    assert_eq!(
        debug,
        format!(
            "Fields {{ only: Some([ContextVar({}::USER)]), except: [] }}",
            module_path!()
        )
    );
}

#[test]
fn many_fields_are_sorted_by_name_too() {
    for count in [15, 16, 17, 66] {
        let vars = MANY[66 - count..].iter().rev();
        let context = vars.fold(Context::new(), |context, var| {
            context.with_value(*var, "x".into())
        });
        let line = context.to_string();
        let names: Vec<_> = line
            .split(' ')
            .map(|field| field.split('=').next())
            .collect();
        assert_eq!(names.len(), count);
        assert!(names.is_sorted(), "{line}");
    }
}

#[test]
fn variables_of_one_name_are_told_apart() {
    let context = Context::new()
        .with_value(&USER, "alice".to_owned())
        .with_value(&other::USER, "bob")
        .with_value(&REQUEST_ID, 7);
    let here = module_path!();
    let both = format!(r#"request_id=7 {here}::user="alice" {here}::other::user="bob""#);
    assert_eq!(context.to_string(), both);
    // Where only one of them is asked for, its name is enough; the identity is the declaration.
    let bob = Fields::all().only([&other::USER]);
    assert_eq!(bob.of(&context).to_string(), r#"user="bob""#);
}

#[test]
fn fields_are_those_of_the_moment_no_inherit_included() {
    detached(|| {
        drop(REQUEST_ID.set(7));
        drop(HERE.set("here"));
        let before = fields();
        drop(REQUEST_ID.set(8));
        assert_eq!(before.to_string(), r#"here="here" request_id=7"#);
        let elsewhere = std::thread::spawn(move || before.to_string());
        assert_eq!(elsewhere.join().unwrap(), r#"here="here" request_id=7"#);
    });
}

#[test]
fn value_may_do_anything_while_it_is_shown() {
    struct Nested;
    impl fmt::Display for Nested {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            drop(REQUEST_ID.set(8));
            USER.sync_scope("inner".into(), || write!(f, "<{}>", USER.get()))
        }
    }
    context_var_nested::check(Nested);
}

mod context_var_nested {
    use std::fmt::Display;
    use std::sync::Arc;

    context_vars::context_var! {
        static NESTED: Arc<dyn Display + Send + Sync>;
    }

    pub fn check(value: impl Display + Send + Sync + 'static) {
        NESTED.sync_scope(Arc::new(value), || {
            assert_eq!(context_vars::fields().to_string(), "nested=<inner>");
        });
    }
}

//! The fields of a line, whatever the values hold.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use context_vars::{Context, ContextVar, Fields, context_var, detached, fields};
use unicode_general_category::{GeneralCategory, get_general_category};

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

/// Shows a text.
pub struct Shows(String);

impl Shows {
    pub fn text(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Shows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Is shown by a function, which may do anything.
pub struct ShownBy(pub fn(&mut fmt::Formatter<'_>) -> fmt::Result);

impl fmt::Display for ShownBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0)(f)
    }
}

/// Has a `Debug` that is written by hand and prints untrusted text as it is.
pub struct Prints(pub &'static str);

impl fmt::Debug for Prints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

pub struct Opaque;

context_var! {
    static USER: String = "anonymous".to_owned();
    static REQUEST_ID: u64;
    #[redact]
    static PASSWORD: String;
    static SHOWS: Shows;
    static POINT: (i32, &'static str);
    static ORDERING: Ordering;
    static SHOWN: ShownBy;
    static PRINTS: Prints;
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

/// Values that a client may send in a header or a form.
pub const HOSTILE: [&str; 17] = [
    "a\nERROR forged",
    "a\r\nERROR forged",
    "\x1b[31mred\x1b[0m",
    "\",\"admin\":true,\"x\":\"",
    "\u{85}next\u{2028}line\u{2029}end",
    "\u{202e}desrever",
    "\0\u{7f}\u{9b}31m",
    "x user=\"root\"",
    "",
    "\u{61c}\u{200e}\u{200f}\u{2069}marks",
    "ali\u{200b}ce\u{200c}\u{200d}\u{2060}\u{2064}\u{feff}",
    "ali\u{ad}ce\u{180e}",
    "\u{206a}\u{206f}deprecated",
    "\u{e0001}\u{e0061}\u{e007f}tags",
    "\u{fff9}a\u{fffa}b\u{fffb}",
    "\u{600}1\u{6dd}2\u{70f}\u{890}\u{8e2}\u{110bd}\u{110cd}",
    "\u{13430}\u{1343f}\u{1bca0}\u{1d173}\u{1d17a}",
];

/// Returns whether a line must escape the character, by the Unicode database.
fn is_unprintable(c: char) -> bool {
    matches!(
        get_general_category(c),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    )
}

/// Returns whether a terminal and a reader of lines take `text` for one line of visible text.
pub fn is_one_line(text: &str) -> bool {
    !text.contains(is_unprintable)
}

/// Checks that a collector of log lines takes `line` for one line with these fields.
#[track_caller]
pub fn check_fields(line: &str, expected: &[(&str, &str)]) {
    assert!(is_one_line(line), "{line:?}");
    let expected = expected.iter();
    let expected: Vec<_> = expected
        .map(|(n, v)| (n.to_string(), v.to_string()))
        .collect();
    assert_eq!(read_fields(line), expected);
}

/// Reads `name=value name="quoted value"` as a collector of log lines does.
fn read_fields(line: &str) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let mut chars = line.chars().peekable();
    while chars.peek().is_some() {
        let name: String = std::iter::from_fn(|| chars.next_if(|c| *c != '=')).collect();
        assert_eq!(chars.next(), Some('='), "after {name:?} in {line:?}");
        let quoted = chars.next_if_eq(&'"').is_some();
        let end = if quoted { '"' } else { ' ' };
        let mut value = String::new();
        while let Some(c) = chars.next_if(|c| *c != end) {
            value.push(if c == '\\' { unescape(&mut chars) } else { c });
        }
        let closed = chars.next().is_some();
        if quoted {
            assert!(closed, "an open quote in {line:?}");
            chars.next_if_eq(&' ');
        }
        fields.push((name, value));
    }
    fields
}

/// Reads the character that is meant after a backslash.
fn unescape(chars: &mut impl Iterator<Item = char>) -> char {
    match chars.next().unwrap() {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => {
            assert_eq!(chars.next(), Some('{'));
            let hex: String = chars.take_while(|c| *c != '}').collect();
            char::from_u32(u32::from_str_radix(&hex, 16).unwrap()).unwrap()
        }
        c => c,
    }
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
    let context = Context::new()
        .with_value(&POINT, (1, "a\nb"))
        .with_value(&ORDERING, Ordering::Less)
        .with_value(&OPAQUE, Opaque);
    let opaque = std::any::type_name::<Opaque>();
    assert_eq!(
        context.to_string(),
        format!(r#"opaque={opaque} ordering=Less point="(1, \"a\\nb\")""#)
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
fn display_or_render_that_fails_ends_its_value_and_not_the_line() {
    fn half(out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("half")?;
        Err(fmt::Error)
    }
    let context = Context::new()
        .with_value(&FLAG, true)
        .with_value(&SHOWN, ShownBy(half))
        .with_value(&WIDE, 7);
    let fields = Fields::all().render(&FLAG, |_, out| half(out));
    let line = fields.of(&context).to_string();
    assert_eq!(line, "flag=half shown=half wide=7");
}

#[test]
fn hostile_values_stay_one_value_on_one_line_rendered_or_not() {
    let rendered = Fields::all()
        .render(&USER, |user, out| out.write_str(user))
        .render(&SHOWS, |shows, out| {
            shows.0.chars().try_for_each(|c| write!(out, "{c}"))
        });
    for text in HOSTILE {
        let context = Context::new()
            .with_value(&USER, text.to_owned())
            .with_value(&SHOWS, Shows::text(text))
            .with_value(&PRINTS, Prints(text))
            .with_value(&REQUEST_ID, 7);
        let expected = [
            ("prints", text),
            ("request_id", "7"),
            ("shows", text),
            ("user", text),
        ];
        check_fields(&context.to_string(), &expected);
        check_fields(&rendered.of(&context).to_string(), &expected);
    }
    let large = "x\n".repeat(1 << 19);
    let context = Context::new().with_value(&USER, large.clone());
    check_fields(&context.to_string(), &[("user", &large)]);
}

#[test]
fn characters_are_escaped_exactly_if_the_unicode_database_calls_them_control_format_or_separator() {
    let all: Vec<char> = ('\0'..=char::MAX).collect();
    for chars in all.chunks(64) {
        let expected: String = chars
            .iter()
            .map(|c| match c {
                '\n' | '\r' | '\t' | '"' | '\\' => c.escape_default().to_string(),
                c if is_unprintable(*c) => c.escape_unicode().to_string(),
                c => c.to_string(),
            })
            .collect();
        let context = Context::new().with_value(&USER, chars.iter().collect());
        assert_eq!(context.to_string(), format!("user=\"{expected}\""));
    }
}

#[test]
fn redacted_is_stars_also_when_it_is_rendered_and_unset_is_nothing() {
    let context = Context::new().with_value(&PASSWORD, "secret".to_owned());
    assert_eq!(context.to_string(), "password=***");
    let rendered = Fields::all().render(&PASSWORD, |password, out| out.write_str(password));
    assert_eq!(rendered.of(&context).to_string(), "password=***");
    assert_eq!(Context::new().to_string(), "", "USER has only a default");
}

#[test]
fn chosen_fields_are_those_alone() {
    let context = Context::new()
        .with_value(&USER, "alice".to_owned())
        .with_value(&REQUEST_ID, 7)
        .with_value(&FLAG, true);
    let all = Fields::all;
    for (fields, expected) in [
        (all(), r#"flag=true request_id=7 user="alice""#),
        (
            all().only([&USER, &REQUEST_ID]),
            r#"request_id=7 user="alice""#,
        ),
        (all().only([&USER]).only([&FLAG]), "flag=true"),
        (all().except([&USER]).except([&FLAG]), "request_id=7"),
        (all().only([&USER, &FLAG]).except([&USER]), "flag=true"),
        (all().only([]), ""),
    ] {
        assert_eq!(fields.of(&context).to_string(), expected, "{fields:?}");
    }
    let fields = all().only([&USER]).render(&FLAG, fmt::Debug::fmt);
    let here = module_path!();
    let only = format!("only: Some([ContextVar({here}::USER)])");
    let render = format!("render: [ContextVar({here}::FLAG)]");
    let expected = format!("Fields {{ {only}, except: [], {render} }}");
    assert_eq!(format!("{fields:?}"), expected);
}

#[test]
fn many_fields_are_sorted_by_name_too() {
    for count in [15, 16, 17, 66] {
        let vars = MANY[66 - count..].iter().rev();
        let context = vars.fold(Context::new(), |context, var| {
            context.with_value(*var, "x".into())
        });
        let line = context.to_string();
        let fields = line.split(' ');
        let names: Vec<_> = fields.map(|field| field.split('=').next()).collect();
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
    // If only one of them is shown, its name is enough; the identity is the declaration.
    let bob = Fields::all().only([&other::USER]);
    assert_eq!(bob.of(&context).to_string(), r#"user="bob""#);
}

#[test]
fn fields_are_those_of_the_moment_no_inherit_included() {
    detached(|| {
        REQUEST_ID.set(7);
        HERE.set("here");
        let before = fields();
        REQUEST_ID.set(8);
        assert_eq!(before.to_string(), r#"here="here" request_id=7"#);
        let elsewhere = std::thread::spawn(move || before.to_string());
        assert_eq!(elsewhere.join().unwrap(), r#"here="here" request_id=7"#);
    });
}

#[test]
fn value_may_do_anything_while_it_is_shown() {
    let shown = ShownBy(|f| {
        REQUEST_ID.set(8);
        USER.sync_scope("inner".into(), || write!(f, "<{}>", USER.get()))
    });
    SHOWN.sync_scope(shown, || assert_eq!(fields().to_string(), "shown=<inner>"));
}

#[test]
fn value_that_shows_the_fields_it_belongs_to_does_not_meet_itself() {
    let shown = ShownBy(|f| write!(f, "<{}{}>", fields(), Context::current()));
    let context = Context::new()
        .with_value(&SHOWN, shown)
        .with_value(&REQUEST_ID, 7);
    context.clone().run(|| {
        assert_eq!(fields().to_string(), "request_id=7 shown=<>");
        let rendered = Fields::all().render(&REQUEST_ID, |id, out| write!(out, "{id}{}", fields()));
        let line = rendered.of(&context).to_string();
        assert_eq!(line, "request_id=7 shown=<>");
        assert!(REQUEST_ID.is_set(), "the context is current again");
    });
}

#[test]
fn context_is_current_again_after_a_value_panicked_while_it_was_shown() {
    let panics = Fields::all().render(&REQUEST_ID, |_, _| panic!("in a render"));
    REQUEST_ID.sync_scope(7, || {
        let context = Context::current();
        let shown = std::panic::catch_unwind(|| panics.of(&context).to_string());
        assert!(shown.is_err(), "the panic is not swallowed");
        assert_eq!(REQUEST_ID.try_get(), Ok(7));
    });
}

#[test]
fn rendered_value_is_a_word_or_in_quotes_and_the_last_closure_counts() {
    let context = Context::new()
        .with_value(&POINT, (1, "north east"))
        .with_value(&REQUEST_ID, 255)
        .with_value(&USER, "alice".to_owned())
        .with_value(&OPAQUE, Opaque);
    let fields = Fields::all()
        .render(&POINT, |_, _| unreachable!("replaced below"))
        .render(&REQUEST_ID, fmt::LowerHex::fmt)
        .render(&USER, |user, out| out.write_str(&user[..1]))
        .render(&OPAQUE, |_, out| out.write_str("seen=true"))
        .render(&POINT, |point, out| out.write_str(point.1));
    let line = r#"opaque="seen=true" point="north east" request_id=ff user=a"#;
    assert_eq!(fields.clone().of(&context).to_string(), line);
    let chosen = fields.only([&USER, &OPAQUE]).except([&OPAQUE]);
    assert_eq!(chosen.of(&context).to_string(), "user=a");
}

#[test]
fn fields_with_closures_cross_threads_and_unwinding() {
    fn all<T: Clone + Send + Sync + std::panic::UnwindSafe + std::panic::RefUnwindSafe>(_: &T) {}
    all(&Fields::all().render(&FLAG, fmt::Debug::fmt));
}

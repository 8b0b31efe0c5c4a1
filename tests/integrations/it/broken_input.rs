//! What a stranger may send: it is reported, the variable stays as it was, and nothing panics.

use context_vars::propagation::{Baggage, Header, Propagator, RejectionKind};
use context_vars::{Context, context_var};
use proptest::prelude::*;

use crate::propagation::{reporting, taken};

context_var! {
    static ID: u64;
    static TENANT: String;
    static LABEL: String;
}

/// What becomes of `TENANT`, and what is reported, for one `baggage` header.
fn of_baggage(header: &str) -> (Option<String>, Vec<String>) {
    let builder = Propagator::builder()
        .baggage(Baggage::new(&TENANT, "tenant").max_len(64))
        .baggage(Baggage::new(&ID, "id").max_len(64));
    let (propagator, rejections) = reporting(builder);
    let carrier = vec![("baggage".to_owned(), header.to_owned())];
    let context = propagator.extract(Context::new(), &carrier);
    assert_eq!(context.get(&ID), None);
    let rejections = taken(&rejections);
    assert_eq!(propagator.rejections(), rejections.len() as u64);
    (context.get(&TENANT).cloned(), rejections)
}

#[test]
fn broken_baggage_leaves_the_variable_unset_and_is_reported() {
    let whole = |what: &str| format!("`baggage` was not accepted in full: it {what}");
    let tenant = |what: &str| format!("`TENANT` was not accepted as `tenant`: the value {what}");
    let id = |what: &str| format!("`ID` was not accepted as `id`: the value {what}");
    let character = "holds a character that is not allowed there";
    let many: String = (0..64).map(|n| format!("k{n}=v,")).collect();
    for (header, rejection) in [
        ("tenant=%FF%FE", tenant("is not UTF-8")),
        ("tenant=%C3", tenant("is not UTF-8")),
        ("tenant=%4", tenant("is malformed")),
        ("tenant=%", tenant("is malformed")),
        ("tenant=%zz", tenant("is malformed")),
        ("tenant=%+1", tenant("is malformed")),
        ("tenant=%é1", tenant("is malformed")),
        ("tenant=a b", tenant("is malformed")),
        ("tenant=\"a\"", tenant("is malformed")),
        ("tenant=ü", tenant("is malformed")),
        ("tenant=%0A", tenant(character)),
        ("tenant=%1B%5B31m", tenant(character)),
        ("tenant=%C2%85", tenant(character)),
        ("tenant=%00", tenant(character)),
        ("tenant=a,tenant=a", tenant("is there several times")),
        (&format!("tenant={}", "x".repeat(65)), tenant("is too long")),
        (
            &format!("tenant=a,{many}"),
            whole("has more than 64 members"),
        ),
        (
            &format!("tenant=a,x={}", "x".repeat(8192)),
            whole("is too long"),
        ),
        (",,,", whole("is malformed")),
        ("tenant", whole("is malformed")),
        ("=acme", whole("is malformed")),
        ("ten ant=acme", whole("is malformed")),
        (";tenant=acme", whole("is malformed")),
        ("id=seven", id("is not of the variable's type")),
        ("id=", id("is not of the variable's type")),
        (
            "id=18446744073709551616",
            id("is not of the variable's type"),
        ),
    ] {
        assert_eq!(of_baggage(header), (None, vec![rejection]), "{header:?}");
    }
}

#[test]
fn good_member_among_broken_ones_is_accepted() {
    let broken = "`baggage` was not accepted in full: it is malformed".to_owned();
    for header in [
        ",,tenant=acme,",
        "x y=1,tenant=acme",
        "nothing,\ttenant\t=\tacme\t",
    ] {
        assert_eq!(
            of_baggage(header),
            (Some("acme".into()), vec![broken.clone()]),
            "{header:?}"
        );
    }
    for header in ["", " ", "tenant2=x", "Tenant=x", "other=%FF%FE,other=%4"] {
        assert_eq!(of_baggage(header), (None, vec![]), "{header:?}");
    }
    let most = format!("tenant=a{}", ",k=v".repeat(63));
    assert_eq!(of_baggage(&most), (Some("a".into()), vec![]));
    let longest = format!("tenant=a,x={}", "x".repeat(8192 - 11));
    assert_eq!(longest.len(), 8192);
    assert_eq!(of_baggage(&longest), (Some("a".into()), vec![]));
}

#[test]
fn value_of_before_stays_where_a_broken_one_comes() {
    let propagator = Propagator::builder()
        .baggage(Baggage::new(&TENANT, "tenant"))
        .build();
    let before = Context::new().with_value(&TENANT, "before".to_owned());
    let carrier = vec![("baggage".to_owned(), "tenant=%FF".to_owned())];
    assert_eq!(
        propagator.extract(before, &carrier).get(&TENANT).unwrap(),
        "before"
    );
}

#[test]
fn broken_headers_leave_the_variable_unset_and_are_reported() {
    let builder = Propagator::builder()
        .header(Header::new(&LABEL, "x-label"))
        .header(Header::new(&ID, "x-id"));
    let (propagator, rejections) = reporting(builder);
    let extract = |name: &str, values: &[&[u8]]| {
        let mut headers = http::HeaderMap::new();
        for value in values {
            let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, http::HeaderValue::from_bytes(value).unwrap());
        }
        let context = propagator.extract(Context::new(), &headers);
        assert!(context.is_empty(), "{name} {values:?} {context:?}");
        taken(&rejections)
    };
    let label = |what: &str| {
        [format!(
            "`LABEL` was not accepted as `x-label`: the value {what}"
        )]
    };
    let character = "holds a character that is not allowed there";
    assert_eq!(extract("x-label", &[b"\xff\xfe"]), label(character));
    assert_eq!(extract("x-label", &["ü".as_bytes()]), label(character));
    assert_eq!(extract("x-label", &[b"a\tb"]), label(character));
    assert_eq!(
        extract("x-label", &[b"a", b"b"]),
        label("is there several times")
    );
    assert_eq!(
        extract("x-label", &[b"a", b"a"]),
        label("is there several times")
    );
    assert_eq!(extract("x-label", &[&[b'x'; 1025]]), label("is too long"));
    let id = ["`ID` was not accepted as `x-id`: the value is not of the variable's type"];
    for value in ["", "-1", "7 ", "0x7", "7,8"] {
        let expected = if value == "7 " {
            character
        } else {
            "is not of the variable's type"
        };
        let found = extract("x-id", &[value.as_bytes()]);
        assert_eq!(
            found,
            [id[0].replace("is not of the variable's type", expected)],
            "{value:?}"
        );
    }
}

#[test]
fn plus_is_a_plus_unless_the_peer_writes_blanks_so() {
    let carrier = vec![(
        "baggage".to_owned(),
        "tenant=a+b%2B,label=a+b%2B".to_owned(),
    )];
    let propagator = Propagator::builder()
        .baggage(Baggage::new(&TENANT, "tenant"))
        .baggage(Baggage::new(&LABEL, "label").plus_as_space())
        .build();
    let context = propagator.extract(Context::new(), &carrier);
    assert_eq!(format!("{context:?}"), r#"{LABEL: "a b+", TENANT: "a+b+"}"#);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Random bytes, dense in what means something in baggage.
    #[test]
    fn nothing_that_comes_in_panics_and_nothing_unsound_is_accepted(
        header in "(tenant|id|label|[a-z ]{0,3}|)([=;,% +\"\\\\]|%[0-9A-Fa-f]{0,2}|[\\x00-\\x7f]|\\PC|tenant=){0,40}",
    ) {
        let (propagator, rejections) = reporting(
            Propagator::builder()
                .baggage(Baggage::new(&TENANT, "tenant").max_len(16))
                .baggage(Baggage::new(&ID, "id").max_len(16))
                .header(Header::new(&LABEL, "x").max_len(16)),
        );
        let carrier = vec![("baggage".to_owned(), header.clone()), ("x".to_owned(), header)];
        let context = propagator.extract(Context::new(), &carrier);
        for text in [context.get(&TENANT), context.get(&LABEL)].into_iter().flatten() {
            prop_assert!(text.len() <= 16 && !text.contains(char::is_control), "{text:?}");
        }
        prop_assert!(taken(&rejections).len() <= 4);
    }

    #[test]
    fn every_text_comes_back_or_is_reported(text in any::<String>()) {
        let propagator = Propagator::builder().baggage(Baggage::new(&TENANT, "tenant").max_len(40)).build();
        let mut carrier = Vec::new();
        propagator.inject(&Context::new().with_value(&TENANT, text.clone()), &mut carrier);
        let back = propagator.extract(Context::new(), &carrier);
        let allowed = text.len() <= 40 && !text.contains(char::is_control);
        prop_assert_eq!(back.get(&TENANT), allowed.then_some(&text));
        prop_assert_eq!(propagator.rejections(), u64::from(!allowed));
    }
}

#[test]
fn kinds_are_told_apart() {
    let kinds = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = kinds.clone();
    let propagator = Propagator::builder()
        .baggage(Baggage::new(&TENANT, "tenant"))
        .on_rejection(move |rejection| told.lock().unwrap().push(rejection.kind()))
        .build();
    for header in ["tenant=%4", "tenant=%FF", "tenant=%00", "tenant=1,tenant=1"] {
        let carrier = vec![("baggage".to_owned(), header.to_owned())];
        drop(propagator.extract(Context::new(), &carrier));
    }
    use RejectionKind::{Character, Malformed, NotUtf8, Repeated};
    assert_eq!(
        *kinds.lock().unwrap(),
        [Malformed, NotUtf8, Character, Repeated]
    );
}

//! Invalid input from a peer is reported, leaves the variable unchanged, and never panics.

use context_vars::propagation::{Baggage, Header, Propagator, RejectionKind};
use context_vars::{Context, context_var};
use proptest::prelude::*;

use crate::propagation::{reporting, taken};

context_var! {
    static ID: u64;
    static TENANT: String;
    static LABEL: String;
}

/// Returns the value of `TENANT` and the reports after one `baggage` header.
fn of_baggage(header: &str) -> (Option<String>, Vec<String>) {
    let builder = Propagator::builder()
        .baggage(Baggage::new(&TENANT, "tenant").max_len(64))
        .baggage(Baggage::new(&ID, "id").max_len(64));
    let (propagator, rejections) = reporting(builder);
    let carrier = vec![("baggage".to_owned(), header.to_owned())];
    let context = propagator.extract(Context::new(), &carrier);
    assert_eq!(context.get(&ID), None);
    let rejections = taken(&rejections);
    let counted: u64 = rejections.iter().map(|rejection| count(rejection)).sum();
    assert_eq!(propagator.rejections(), counted, "{rejections:?}");
    (context.get(&TENANT).cloned(), rejections)
}

/// Returns the number of members or values that a rejection is about.
fn count(rejection: &str) -> u64 {
    let several = rejection.split_once("each of ");
    several.map_or(1, |(_, rest)| {
        rest.split(' ').next().unwrap().parse().unwrap()
    })
}

#[test]
fn broken_baggage_leaves_the_variable_unset_and_is_reported() {
    let member = |what: &str| format!("`baggage` was not accepted in full: a member {what}");
    let tenant = |what: &str| format!("`TENANT` was not accepted as `tenant`: the value {what}");
    let id = |what: &str| format!("`ID` was not accepted as `id`: the value {what}");
    let character = "contains a character that is not allowed there";
    for (header, rejection) in [
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
        ("tenant=a,tenant=%00", tenant(character)),
        (&format!("tenant={}", "x".repeat(65)), tenant("is too long")),
        ("tenant", member("is malformed")),
        ("=acme", member("is malformed")),
        ("ten ant=acme", member("is malformed")),
        (";tenant=acme", member("is malformed")),
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
    let broken = |what: &str| format!("`baggage` was not accepted in full: {what} malformed");
    for (header, what) in [
        (",,tenant=acme,", "each of 3 members is"),
        ("x y=1,tenant=acme", "a member is"),
        ("nothing,\ttenant\t=\tacme\t", "a member is"),
    ] {
        assert_eq!(
            of_baggage(header),
            (Some("acme".into()), vec![broken(what)]),
            "{header:?}"
        );
    }
    for header in ["", " ", "tenant2=x", "Tenant=x", "other=%FF%FE,other=%4"] {
        assert_eq!(of_baggage(header), (None, vec![]), "{header:?}");
    }
}

#[test]
fn octets_that_are_no_utf8_are_replaced() {
    for (header, text) in [
        ("tenant=%FF%FE", "\u{fffd}\u{fffd}"),
        ("tenant=%C3", "\u{fffd}"),
        ("tenant=a%E6%97b", "a\u{fffd}b"),
        ("tenant=%ED%A0%80", "\u{fffd}\u{fffd}\u{fffd}"),
        ("tenant=%C0%AF", "\u{fffd}\u{fffd}"),
    ] {
        assert_eq!(of_baggage(header), (Some(text.into()), vec![]), "{header}");
    }
    // The replacement counts towards the length of the value.
    let (value, rejections) = of_baggage(&format!("tenant={}", "%FF".repeat(22)));
    assert_eq!(
        (value, rejections[0].as_str()),
        (
            None,
            "`TENANT` was not accepted as `tenant`: the value is too long"
        )
    );
}

#[test]
fn members_past_the_limits_are_dropped_and_counted_and_the_others_stay() {
    let dropped = |what: &str| vec![format!("`baggage` was not accepted in full: {what}")];
    let tenant = |what: &str| {
        vec![format!(
            "`TENANT` was not accepted as `tenant`: the value {what}"
        )]
    };
    let others = ",k=v".repeat(179);
    assert_eq!(
        of_baggage(&format!("tenant=a{others}")),
        (Some("a".into()), vec![])
    );
    assert_eq!(
        of_baggage(&format!("tenant=a{others},k=v,k=v")),
        (
            Some("a".into()),
            dropped("each of 2 members is past the limit of 180 members")
        )
    );
    assert_eq!(
        of_baggage(&format!("k=v{others},tenant=a")),
        (None, tenant("is past the limit of 180 members"))
    );
    let longest = format!("tenant=a,x={}", "x".repeat(8192 - 11));
    assert_eq!(longest.len(), 8192);
    assert_eq!(of_baggage(&longest), (Some("a".into()), vec![]));
    assert_eq!(
        of_baggage(&format!("{longest}x")),
        (Some("a".into()), dropped("a member is too long"))
    );
    // A long member takes no place from those after it that fit.
    let around = format!("x={},tenant=a", "x".repeat(8192));
    assert_eq!(
        of_baggage(&around),
        (Some("a".into()), dropped("a member is too long"))
    );
    let last = format!("x={},tenant=aaaaa", "x".repeat(8192 - 14));
    assert_eq!(of_baggage(&last), (None, tenant("is too long")));
}

#[test]
fn last_of_two_members_counts() {
    for header in ["tenant=a,tenant=b", "tenant=%00,tenant=b;p=1, k=v"] {
        assert_eq!(of_baggage(header), (Some("b".into()), vec![]), "{header}");
    }
    let propagator = Propagator::builder()
        .baggage(Baggage::new(&TENANT, "tenant"))
        .build();
    let mut headers = http::HeaderMap::new();
    for header in ["tenant=a,k=v", "k=w", "tenant=b", "tenant=c"] {
        headers.append("baggage", header.parse().unwrap());
    }
    let context = propagator.extract(Context::new(), &headers);
    assert_eq!(context.get(&TENANT).unwrap(), "c");
    assert_eq!(propagator.rejections(), 0);
}

#[test]
fn properties_are_not_part_of_the_value() {
    for header in ["tenant=a;p=1", "tenant=a ;p", "tenant=a;p=%00;q=\"x\""] {
        assert_eq!(of_baggage(header), (Some("a".into()), vec![]), "{header}");
    }
}

#[test]
fn value_of_before_stays_where_a_broken_one_comes() {
    let propagator = Propagator::builder()
        .baggage(Baggage::new(&TENANT, "tenant"))
        .build();
    let before = Context::new().with_value(&TENANT, "before".to_owned());
    let carrier = vec![("baggage".to_owned(), "tenant=%F".to_owned())];
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
    let character = "contains a character that is not allowed there";
    assert_eq!(extract("x-label", &[b"\xff\xfe"]), label(character));
    assert_eq!(extract("x-label", &["ü".as_bytes()]), label(character));
    assert_eq!(extract("x-label", &[b"a\tb"]), label(character));
    assert_eq!(
        extract("x-label", &[b"a", b"b"]),
        label("occurs several times")
    );
    assert_eq!(
        extract("x-label", &[b"a", b"a"]),
        label("occurs several times")
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
    let many = format!("{}tenant=1", "k=v,".repeat(180));
    for header in ["tenant=%4", "tenant=%00", &many, &format!("k={:9000}", "")] {
        let carrier = vec![("baggage".to_owned(), header.replace(' ', "x"))];
        drop(propagator.extract(Context::new(), &carrier));
    }
    use RejectionKind::{Character, Malformed, TooLong, TooMany};
    assert_eq!(
        *kinds.lock().unwrap(),
        [Malformed, Character, TooMany, TooLong]
    );
}

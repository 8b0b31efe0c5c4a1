//! Invalid input from a peer is reported, leaves the variable unchanged, and never panics.

use context_vars::propagation::{Baggage, Header, Propagator, RejectionKind};
use context_vars::{Context, context_var};
use proptest::prelude::*;

use crate::propagation::reporting;

context_var! {
    static ID: u64;
    static TENANT: String;
    static LABEL: String;
}

/// Returns a message with one `baggage` header.
fn baggage(header: &str) -> Vec<(String, String)> {
    vec![("baggage".to_owned(), header.to_owned())]
}

/// Checks the value of `TENANT` and the reports after one `baggage` header.
#[track_caller]
fn check(header: &str, value: Option<&str>, reports: &[String]) {
    let builder = Propagator::builder()
        .baggage(Baggage::new(&TENANT, "tenant").max_len(64))
        .baggage(Baggage::new(&ID, "id").max_len(64));
    let (propagator, rejections) = reporting(builder);
    let context = propagator.extract(Context::new(), &baggage(header));
    assert_eq!(context.get(&ID), None, "{header:?}");
    assert_eq!(
        context.get(&TENANT).map(String::as_str),
        value,
        "{header:?}"
    );
    assert_eq!(rejections(), reports, "{header:?}");
    let counted: u64 = reports.iter().map(|report| count(report)).sum();
    assert_eq!(propagator.rejections(), counted, "{header:?}");
}

/// Returns the number of members or values that a rejection is about.
fn count(rejection: &str) -> u64 {
    let several = rejection.split_once("each of ");
    several.map_or(1, |(_, rest)| {
        rest.split(' ').next().unwrap().parse().unwrap()
    })
}

fn of_members(what: &str) -> String {
    format!("`baggage` was not accepted in full: {what}")
}

fn of_tenant(what: &str) -> String {
    format!("`TENANT` was not accepted as `tenant`: the value {what}")
}

const CHARACTER: &str = "contains a character that is not allowed there";
const TYPE: &str = "is not of the variable's type";

#[test]
fn broken_baggage_leaves_the_variable_unset_and_is_reported() {
    let long = format!("tenant={}", "x".repeat(65));
    for (header, what) in [
        ("tenant=%4", "is malformed"),
        ("tenant=%", "is malformed"),
        ("tenant=%zz", "is malformed"),
        ("tenant=%+1", "is malformed"),
        ("tenant=%é1", "is malformed"),
        ("tenant=a b", "is malformed"),
        ("tenant=\"a\"", "is malformed"),
        ("tenant=ü", "is malformed"),
        ("tenant=%0A", CHARACTER),
        ("tenant=%1B%5B31m", CHARACTER),
        ("tenant=%C2%85", CHARACTER),
        ("tenant=%00", CHARACTER),
        ("tenant=a,tenant=%00", CHARACTER),
        (&long, "is too long"),
    ] {
        check(header, None, &[of_tenant(what)]);
    }
    for header in ["tenant", "=acme", "ten ant=acme", ";tenant=acme"] {
        check(header, None, &[of_members("a member is malformed")]);
    }
    for header in ["id=seven", "id=", "id=18446744073709551616"] {
        let told = format!("`ID` was not accepted as `id`: the value {TYPE}");
        check(header, None, &[told]);
    }
}

#[test]
fn good_member_among_broken_ones_is_accepted() {
    for (header, what) in [
        (",,tenant=acme,", "each of 3 members is malformed"),
        ("x y=1,tenant=acme", "a member is malformed"),
        ("nothing,\ttenant\t=\tacme\t", "a member is malformed"),
    ] {
        check(header, Some("acme"), &[of_members(what)]);
    }
    for header in ["", " ", "tenant2=x", "Tenant=x", "other=%FF%FE,other=%4"] {
        check(header, None, &[]);
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
        check(header, Some(text), &[]);
    }
    // The replacement counts towards the length of the value.
    let long = format!("tenant={}", "%FF".repeat(22));
    check(&long, None, &[of_tenant("is too long")]);
}

#[test]
fn members_past_the_limits_are_dropped_and_counted_and_the_others_stay() {
    let others = ",k=v".repeat(179);
    check(&format!("tenant=a{others}"), Some("a"), &[]);
    let two_more = format!("tenant=a{others},k=v,k=v");
    let dropped = of_members("each of 2 members is past the limit of 180 members");
    check(&two_more, Some("a"), &[dropped]);
    let last = format!("k=v{others},tenant=a");
    check(
        &last,
        None,
        &[of_tenant("is past the limit of 180 members")],
    );

    let longest = format!("tenant=a,x={}", "x".repeat(8192 - 11));
    assert_eq!(longest.len(), 8192);
    check(&longest, Some("a"), &[]);
    let too_long = [of_members("a member is too long")];
    check(&format!("{longest}x"), Some("a"), &too_long);
    // A long member takes no place from those after it that fit.
    let after_a_long_one = format!("x={},tenant=a", "x".repeat(8192));
    check(&after_a_long_one, Some("a"), &too_long);
    let last = format!("x={},tenant=aaaaa", "x".repeat(8192 - 14));
    check(&last, None, &[of_tenant("is too long")]);
}

#[test]
fn last_of_two_members_counts() {
    for header in ["tenant=a,tenant=b", "tenant=%00,tenant=b;p=1, k=v"] {
        check(header, Some("b"), &[]);
    }
}

#[test]
fn properties_are_not_part_of_the_value() {
    for header in ["tenant=a;p=1", "tenant=a ;p", "tenant=a;p=%00;q=\"x\""] {
        check(header, Some("a"), &[]);
    }
}

#[test]
fn value_of_before_stays_where_a_broken_one_comes() {
    let builder = Propagator::builder().baggage(Baggage::new(&TENANT, "tenant"));
    let before = Context::new().with_value(&TENANT, "before".to_owned());
    let context = builder.build().extract(before, &baggage("tenant=%F"));
    assert_eq!(context.get(&TENANT).unwrap(), "before");
}

#[test]
fn broken_headers_leave_the_variable_unset_and_are_reported() {
    let builder = Propagator::builder()
        .header(Header::new(&LABEL, "x-label"))
        .header(Header::new(&ID, "x-id"));
    let (propagator, rejections) = reporting(builder);
    let check = |variable: &str, name: &'static str, values: &[&[u8]], what: &str| {
        let mut headers = http::HeaderMap::new();
        for value in values {
            headers.append(name, http::HeaderValue::from_bytes(value).unwrap());
        }
        let context = propagator.extract(Context::new(), &headers);
        assert!(context.is_empty(), "{name} {values:?} {context:?}");
        let told = format!("`{variable}` was not accepted as `{name}`: the value {what}");
        assert_eq!(rejections(), [told], "{values:?}");
    };
    for value in [&b"\xff\xfe"[..], "ü".as_bytes(), b"a\tb"] {
        check("LABEL", "x-label", &[value], CHARACTER);
    }
    for value in [b"a", b"b"] {
        check("LABEL", "x-label", &[b"a", value], "occurs several times");
    }
    check("LABEL", "x-label", &[&[b'x'; 1025]], "is too long");
    for value in ["", "-1", "0x7", "7,8"] {
        check("ID", "x-id", &[value.as_bytes()], TYPE);
    }
    check("ID", "x-id", &[b"7 "], CHARACTER);
}

#[test]
fn plus_is_a_plus_unless_the_peer_writes_blanks_so() {
    let propagator = Propagator::builder()
        .baggage(Baggage::new(&TENANT, "tenant"))
        .baggage(Baggage::new(&LABEL, "label").plus_as_space())
        .build();
    let carrier = baggage("tenant=a+b%2B,label=a+b%2B");
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
        prop_assert!(rejections().len() <= 4);
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
    for header in [
        "tenant=%4",
        "tenant=%00",
        &many,
        &format!("k={}", "x".repeat(9000)),
    ] {
        drop(propagator.extract(Context::new(), &baggage(header)));
    }
    use RejectionKind::{Character, Malformed, TooLong, TooMany};
    let expected = [Malformed, Character, TooMany, TooLong];
    assert_eq!(*kinds.lock().unwrap(), expected);
}

//! Listed variables are sent and received, and no others.

use context_vars::propagation::{Baggage, Header, Propagator};
use context_vars::{Context, detached};

use super::{
    HERE, LOCALE, REQUEST_ID, SECRET, SHARED, TENANT, UNLISTED, both, map, received, reporting,
    sent, tenant,
};

#[test]
fn only_what_is_listed_and_set_is_sent() {
    let context = tenant("acme")
        .with_value(&REQUEST_ID, 7)
        .with_value(&UNLISTED, "private".to_owned());
    // `LOCALE` has only a default.
    let expected = map(&[("X-Request-Id", "7"), ("baggage", "tenant=acme")]);
    assert_eq!(sent(&both(), &context), expected);
    assert_eq!(sent(&both(), &Context::new()), map(&[]));
}

#[test]
fn only_what_is_listed_is_accepted_and_the_rest_of_the_context_stays() {
    let incoming = map(&[
        ("x-request-id", "8"),
        ("unlisted", "forged"),
        ("baggage", "unlisted=forged,tenant=globex;ttl=5,role=admin"),
    ]);
    let before = Context::new()
        .with_value(&UNLISTED, "mine".to_owned())
        .with_value(&LOCALE, "de".to_owned());
    let context = both().extract(before, &incoming);
    assert_eq!(
        format!("{context:?}"),
        r#"{LOCALE: "de", REQUEST_ID: 8, TENANT: "globex", UNLISTED: "mine"}"#
    );
}

#[test]
fn inject_only_is_not_extracted_and_extract_only_is_not_injected() {
    let propagator = Propagator::builder()
        .baggage(Baggage::new(&TENANT, "tenant").inject_only())
        .baggage(Baggage::new(&LOCALE, "locale").extract_only())
        .header(Header::new(&UNLISTED, "x-sent").inject_only())
        .header(Header::new(&SECRET, "x-accepted").extract_only())
        .build();
    let context = tenant("acme")
        .with_value(&LOCALE, "de".to_owned())
        .with_value(&UNLISTED, "1".to_owned())
        .with_value(&SECRET, "2".to_owned());
    let expected = map(&[("baggage", "tenant=acme"), ("x-sent", "1")]);
    assert_eq!(sent(&propagator, &context), expected);
    let incoming = map(&[
        ("baggage", "tenant=globex,locale=fr"),
        ("x-sent", "3"),
        ("x-accepted", "4"),
    ]);
    let shown = r#"{LOCALE: "fr", SECRET: ***}"#;
    assert_eq!(received(&propagator, &incoming), shown);
}

#[test]
fn options_belong_to_the_variable_they_are_set_on() {
    let builder = Propagator::builder()
        .baggage(Baggage::new(&TENANT, "tenant").max_len(3))
        .header(Header::new(&LOCALE, "x-locale").max_len(5));
    let (propagator, rejections) = reporting(builder);
    let context = tenant("acme").with_value(&LOCALE, "de-AT".to_owned());
    assert_eq!(sent(&propagator, &context), map(&[("x-locale", "de-AT")]));
    let told = "`TENANT` was not sent as `tenant`: the value is too long";
    assert_eq!(rejections(), [told]);
}

#[test]
fn redacted_variable_is_sent_where_it_is_listed_and_no_inherit_one_from_where_it_is() {
    let propagator = Propagator::builder()
        .header(Header::new(&SECRET, "authorization"))
        .header(Header::new(&HERE, "x-here"))
        .build();
    detached(|| {
        SECRET.set("token".into());
        HERE.set("local".into());
        let current = Context::current();
        let redacted_alone = map(&[("authorization", "token")]);
        assert_eq!(sent(&propagator, &current), redacted_alone);
        let given = current.with_value(&HERE, "given".into());
        assert_eq!(sent(&propagator, &given)["x-here"], "given");
    });
}

#[test]
fn types_without_from_str_travel_by_closures() {
    let propagator = Propagator::builder()
        .baggage(Baggage::with(
            &SHARED,
            "shared",
            |v| Some(v.to_string()),
            |text| Some(text.into()),
        ))
        .header(Header::with(
            &REQUEST_ID,
            "x-hex",
            |id| (*id > 0).then(|| format!("{id:x}")),
            |text| u64::from_str_radix(text, 16).ok(),
        ))
        .build();
    let context = Context::new()
        .with_value(&SHARED, "s".into())
        .with_value(&REQUEST_ID, 255);
    let carrier = sent(&propagator, &context);
    assert_eq!(carrier, map(&[("baggage", "shared=s"), ("x-hex", "ff")]));
    let shown = r#"{REQUEST_ID: 255, SHARED: "s"}"#;
    assert_eq!(received(&propagator, &carrier), shown);
    let zero = Context::new().with_value(&REQUEST_ID, 0);
    assert_eq!(sent(&propagator, &zero), map(&[]));
}

//! Members of baggage that are not listed: dropped, or forwarded as they came.

use context_vars::propagation::{Baggage, Builder, Propagator};
use context_vars::{Context, detached, fields, thread};

use super::{DISGUISED, LOCALE, TENANT, map, reporting, sent, tenant_in_baggage};

fn builder() -> Builder {
    tenant_in_baggage().baggage(Baggage::new(&LOCALE, "locale").extract_only())
}

fn forwarding() -> Propagator {
    builder().forward_unlisted().build()
}

/// The baggage that goes out for one that came in.
fn passed_on(propagator: &Propagator, header: &str) -> String {
    let context = propagator.extract(Context::new(), &map(&[("baggage", header)]));
    let mut headers = sent(propagator, &context);
    headers.remove("baggage").unwrap_or_default()
}

#[test]
fn unlisted_members_are_forwarded_only_if_the_builder_says_so() {
    let header = "region=eu,tenant=acme,role=admin";
    assert_eq!(passed_on(&builder().build(), header), "tenant=acme");
    let all = "tenant=acme,region=eu,role=admin";
    assert_eq!(passed_on(&forwarding(), header), all);
    // Each end has to say so.
    let incoming = map(&[("baggage", header)]);
    let context = forwarding().extract(Context::new(), &incoming);
    assert_eq!(sent(&builder().build(), &context)["baggage"], "tenant=acme");
    let context = builder().build().extract(Context::new(), &incoming);
    assert_eq!(sent(&forwarding(), &context)["baggage"], "tenant=acme");
    let nothing_listed = Propagator::builder().forward_unlisted().build();
    assert_eq!(passed_on(&nothing_listed, header), header);
}

#[test]
fn unlisted_members_are_forwarded_byte_for_byte_and_in_order() {
    for member in [
        "a=",
        "a=b",
        "a=%41%c3%BC%FF%",
        "a=b=c",
        "a=1,b=2,a=3",
        "a=b;p;q=1;r=%20",
        "a = b ;\tp = 1",
        "!#$&'*-.^_`|~0aZ=!#$%&'()*+-./:<=>?@[]^_`{|}~",
        "%41=b,c+d=e",
    ] {
        assert_eq!(passed_on(&forwarding(), member), member);
    }
    let spread = passed_on(&forwarding(), " a=1 ,\tb=2;p\t, tenant = acme ;x=y,c=3 ");
    assert_eq!(spread, "tenant=acme,a=1,b=2;p,c=3");
    let mut headers = http::HeaderMap::new();
    for header in ["a=1, b=2", "a=3"] {
        headers.append("baggage", header.parse().unwrap());
    }
    let context = forwarding().extract(Context::new(), &headers);
    assert_eq!(sent(&forwarding(), &context)["baggage"], "a=1,b=2,a=3");
}

#[test]
fn unlisted_members_that_the_grammar_does_not_have_are_dropped_and_reported() {
    let (propagator, rejections) = reporting(builder().forward_unlisted());
    let told = "`baggage` was not accepted in full: a member is malformed";
    for member in [
        "a",
        "=b",
        "a b=c",
        "a=b c",
        "a=\"b\"",
        "a=b;",
        "a=b;;p",
        "a=b;=1",
        "a=b;p q",
        "a=b;p=\"1\"",
        "a=ü",
        "ü=a",
        "a=b;ü",
        "a=b\r\nx-admin: 1",
        "a=b\nc",
        "a\r=b",
        "a=b\0",
        "a=b;p=\x7f",
        "a=\u{85}",
        "a=\u{2028}",
    ] {
        let header = format!("x=1,{member},y=2");
        assert_eq!(passed_on(&propagator, &header), "x=1,y=2", "{member:?}");
        assert_eq!(rejections(), [told], "{member:?}");
    }
}

#[test]
fn listed_keys_are_never_forwarded_under_whatever_disguise() {
    let of_locale = ["locale=de", "%C2%A0locale=mallory"];
    for member in DISGUISED.into_iter().chain(of_locale).chain(["tenant=%00"]) {
        assert_eq!(passed_on(&forwarding(), member), "", "{member:?}");
    }
    // Nor from a peer for which the key was not listed.
    let other = Propagator::builder().forward_unlisted().build();
    let incoming = map(&[("baggage", "tenant=mallory,%74enant=mallory,a=1")]);
    let context = other.extract(Context::new(), &incoming);
    let context = context.with_value(&TENANT, "acme".to_owned());
    assert_eq!(sent(&forwarding(), &context)["baggage"], "tenant=acme,a=1");
    let context = context.without(&TENANT);
    assert_eq!(sent(&forwarding(), &context)["baggage"], "a=1");
}

#[test]
fn unlisted_members_show_nowhere_and_follow_work() {
    let incoming = map(&[("baggage", "secret=token")]);
    let mut context = forwarding().extract(Context::new(), &incoming);
    assert!(context.is_empty() && context.iter().next().is_none());
    assert_eq!(context.len(), 0);
    assert_eq!(format!("{context:?}"), "{}");
    context.run(|| {
        assert_eq!(fields().to_string(), "");
        let current = || sent(&forwarding(), &Context::current());
        assert_eq!(current(), incoming);
        assert_eq!(thread::spawn(current).join().unwrap(), incoming);
        assert_eq!(detached(current), map(&[]));
    });
}

#[test]
fn unlisted_members_are_those_of_the_last_message() {
    let first = map(&[("baggage", "a=1,b=2")]);
    let context = forwarding().extract(Context::new(), &first);
    let second = map(&[("baggage", "c=3")]);
    let next = forwarding().extract(context.clone(), &second);
    assert_eq!(sent(&forwarding(), &next), second);
    let none = forwarding().extract(context.clone(), &map(&[]));
    assert_eq!(sent(&forwarding(), &none), map(&[]));
    // One that does not forward leaves them, as it leaves variables that it does not list.
    let untouched = builder().build().extract(context, &second);
    assert_eq!(sent(&forwarding(), &untouched), first);
}

#[test]
fn limits_hold_for_listed_and_forwarded_members_together() {
    let (propagator, rejections) = reporting(builder().forward_unlisted());
    let members: Vec<_> = (0..180).map(|n| format!("k{n}=v")).collect();
    let incoming = map(&[("baggage", &members.join(","))]);
    let context = propagator.extract(Context::new(), &incoming);
    assert_eq!(sent(&propagator, &context), incoming);
    let context = context.with_value(&TENANT, "acme".to_owned());
    let expected = format!("tenant=acme,{}", members[..179].join(","));
    assert_eq!(sent(&propagator, &context)["baggage"], expected);
    let told = "`baggage` was not sent in full: a member is past the limit of 180 members";
    assert_eq!(rejections(), [told]);

    let long = format!("a={},b=1,c={},d=2", "x".repeat(4000), "y".repeat(4179));
    assert_eq!(long.len(), 8192);
    let context = propagator.extract(Context::new(), &map(&[("baggage", &long)]));
    let context = context.with_value(&TENANT, "acme".to_owned());
    let expected = format!("tenant=acme,a={},b=1,d=2", "x".repeat(4000));
    assert_eq!(sent(&propagator, &context)["baggage"], expected);
    let told = "`baggage` was not sent in full: a member is too long";
    assert_eq!(rejections(), [told]);
}

//! Carriers that are not empty: the context replaces the values under listed names, and the rest stays.

use std::collections::{BTreeMap, HashMap};

use context_vars::Context;
use context_vars::propagation::{Baggage, Header, Injector, Propagator};
use proptest::prelude::*;

use super::{
    DISGUISED, LOCALE, REQUEST_ID, TENANT, both, map, reporting, tenant, tenant_in_baggage,
};

/// The baggage that is left of `existing` after an injection.
fn merged(propagator: &Propagator, context: &Context, existing: &str) -> Option<String> {
    let mut carrier = map(&[("baggage", existing)]);
    propagator.inject(context, &mut carrier);
    carrier.remove("baggage")
}

fn acme() -> Context {
    tenant("acme")
}

#[test]
fn listed_names_are_removed_where_a_variable_is_only_extracted() {
    let propagator = Propagator::builder()
        .header(Header::new(&REQUEST_ID, "x-request-id").extract_only())
        .baggage(Baggage::new(&TENANT, "tenant").extract_only())
        .build();
    let mut carrier = map(&[("x-request-id", "666"), ("baggage", "tenant=mallory,a=b")]);
    propagator.inject(&acme().with_value(&REQUEST_ID, 7), &mut carrier);
    assert_eq!(carrier, map(&[("baggage", "a=b")]));
}

#[test]
fn listed_names_are_removed_where_a_format_has_no_text() {
    let none = |_: &u64| None;
    let parse = |text: &str| text.parse().ok();
    let propagator = Propagator::builder()
        .header(Header::with(&REQUEST_ID, "x-request-id", none, parse))
        .baggage(Baggage::with(&REQUEST_ID, "id", none, parse))
        .build();
    let mut carrier = map(&[("x-request-id", "666"), ("baggage", "id=666")]);
    propagator.inject(&Context::new().with_value(&REQUEST_ID, 7), &mut carrier);
    assert_eq!(carrier, map(&[]));
}

#[test]
fn baggage_stays_as_it_is_where_no_member_is_listed() {
    let builder = Propagator::builder().header(Header::new(&REQUEST_ID, "x-request-id"));
    let odd = " tenant=mallory ,, \"";
    assert_eq!(merged(&builder.build(), &acme(), odd).unwrap(), odd);
}

#[test]
fn members_of_others_are_kept_byte_for_byte_after_the_listed() {
    let existing = "a=1;ttl=5;secret, b = %41%4a+\\ ; p = q ,tenantry=x,Tenant=y,a=2,empty=";
    assert_eq!(
        merged(&both(), &acme(), existing).unwrap(),
        "tenant=acme,a=1;ttl=5;secret,b = %41%4a+\\ ; p = q,tenantry=x,Tenant=y,a=2,empty="
    );
    let left = merged(&both(), &Context::new(), existing).unwrap();
    assert!(left.starts_with("a=1;ttl=5;secret,b = "), "{left}");
}

#[test]
fn several_headers_of_others_become_one() {
    let mut headers = http::HeaderMap::new();
    for value in ["a=1,tenant=mallory", "", "b=2"] {
        headers.append("baggage", value.parse().unwrap());
    }
    both().inject(&acme(), &mut headers);
    let all: Vec<_> = headers.get_all("baggage").iter().collect();
    assert_eq!(all, ["tenant=acme,a=1,b=2"]);
}

#[test]
fn keys_that_peers_read_as_listed_ones_are_removed() {
    let plain = [
        "tenant=mallory",
        " \ttenant\t =mallory;p=1",
        "tenant=mallory,tenant=eve",
    ];
    let (propagator, rejections) = reporting(tenant_in_baggage());
    for member in plain.into_iter().chain(DISGUISED) {
        let left = merged(&propagator, &Context::new(), member);
        assert_eq!(left, None, "{member:?}");
        let left = merged(&propagator, &acme(), &format!("a=1,{member},b=2"));
        assert_eq!(left.unwrap(), "tenant=acme,a=1,b=2", "{member:?}");
    }
    assert_eq!(rejections(), [""; 0], "replacing is not an error");
}

#[test]
fn forwarded_members_give_way_to_those_of_another_propagator() {
    let propagator = tenant_in_baggage().forward_unlisted().build();
    let incoming = map(&[("baggage", "region=old,hops=3;p=1,tenant=acme")]);
    let context = propagator.extract(Context::new(), &incoming);
    let left = merged(&propagator, &context, "trace=1, region = new;p=2").unwrap();
    assert_eq!(left, "tenant=acme,trace=1,region = new;p=2,hops=3;p=1");
    let alone = Propagator::builder().forward_unlisted().build();
    let context = alone.extract(Context::new(), &incoming);
    let left = merged(&alone, &context, "tenant=theirs").unwrap();
    assert_eq!(left, "tenant=theirs,region=old,hops=3;p=1");
}

#[test]
fn members_that_are_none_are_left_out_and_reported_once() {
    let (propagator, rejections) = reporting(tenant_in_baggage());
    let odd = "no member,=v,k k=v,\"k\"=v,k=\"v,k=\u{fc},k=a\r\nx-admin: 1,k=v;\"";
    let left = merged(&propagator, &acme(), &format!("{odd},a=1"));
    assert_eq!(left.unwrap(), "tenant=acme,a=1");
    let told = "`baggage` was not sent in full: each of 8 members is malformed";
    assert_eq!(rejections(), [told]);
}

#[test]
fn members_of_others_give_way_at_the_limits() {
    let (propagator, rejections) = reporting(tenant_in_baggage());
    let long = vec!["k=".to_owned() + &"x".repeat(998); 9];
    let many: Vec<_> = (0..300).map(|n| format!("k{n}=v")).collect();
    for members in [long, many] {
        let left = merged(&propagator, &acme(), &members.join(",")).unwrap();
        assert!(left.len() <= 8192);
        let left: Vec<_> = left.split(',').collect();
        assert_eq!(left[0], "tenant=acme");
        assert_eq!(left[1..], members[..left.len() - 1], "none is cut");
        assert!((8..members.len()).contains(&(left.len() - 1)));
        assert_eq!(rejections().len(), 1);
    }
}

#[test]
fn carrier_that_only_sets_has_its_baggage_replaced() {
    struct Sets(BTreeMap<String, String>);
    impl Injector for Sets {
        fn set(&mut self, name: &str, value: String) {
            self.0.insert(name.to_owned(), value);
        }
    }
    let mut carrier = Sets(map(&[("baggage", "a=1"), ("X-Request-Id", "666")]));
    both().inject(&acme().with_value(&REQUEST_ID, 7), &mut carrier);
    let expected = map(&[("X-Request-Id", "7"), ("baggage", "tenant=acme")]);
    assert_eq!(carrier.0, expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// Baggage of a stranger that went through us says nothing under our keys to any reader.
    #[test]
    fn no_baggage_of_a_stranger_speaks_for_us(
        parts in proptest::collection::vec(proptest::sample::select(vec![
            "tenant", "ten%61nt", "%74enant", "locale", "mallory", "=", "=", ",", ",", ";", " ",
            "\t", "+", "%20", "%", "%2C", "%3D", "\"", "\\", "\u{fc}", "\r\n", "p=1", "a",
        ]), 0..24)
    ) {
        use opentelemetry::baggage::BaggageExt;
        use opentelemetry::propagation::TextMapPropagator;
        let mut carrier: HashMap<_, _> = [("baggage".to_owned(), parts.concat())].into();
        let context = Context::new().with_value(&LOCALE, "de".to_owned());
        both().inject(&context, &mut carrier);
        let ours = both().extract(Context::new(), &carrier);
        prop_assert_eq!((ours.get(&TENANT), ours.len()), (None, 1), "{:?}", carrier);
        let theirs = opentelemetry_sdk::propagation::BaggagePropagator::new()
            .extract_with_context(&opentelemetry::Context::new(), &carrier);
        let seen = ["tenant", "locale"].map(|key| theirs.baggage().get(key).map(ToString::to_string));
        prop_assert_eq!(seen, [None, Some("de".to_owned())], "{:?}", carrier);
    }
}

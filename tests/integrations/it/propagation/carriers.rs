//! Headers, baggage and what carries them.

use std::collections::{BTreeMap, HashMap};

use context_vars::Context;
use context_vars::propagation::{Baggage, Extractor, Header, Propagator};
use http::HeaderMap;

use super::{
    REQUEST_ID, TENANT, TEXTS, both, map, received, reporting, sent, tenant, tenant_in_baggage,
};

#[test]
fn any_text_without_control_characters_comes_back_from_baggage() {
    let (propagator, rejections) = reporting(tenant_in_baggage());
    let odder = [" ", " a b ", "100%", "%41", "~._-", "\u{200b}"];
    for text in TEXTS.into_iter().chain(odder) {
        let carrier = sent(&propagator, &tenant(text));
        let mut bytes = carrier["baggage"].bytes();
        assert!(bytes.all(|byte| byte.is_ascii_graphic()), "{carrier:?}");
        let back = propagator.extract(Context::new(), &carrier);
        assert_eq!(back.get(&TENANT).map(String::as_str), Some(text));
    }
    assert_eq!(rejections(), [""; 0]);
}

#[test]
fn header_takes_visible_ascii_and_refuses_to_send_the_rest() {
    let (propagator, rejections) =
        reporting(Propagator::builder().header(Header::new(&TENANT, "x-tenant")));
    for text in ["acme", "a b", "!\"#%&,;=~", ""] {
        let back = propagator.extract(Context::new(), &sent(&propagator, &tenant(text)));
        assert_eq!(back.get(&TENANT).map(String::as_str), Some(text));
    }
    let refused = "`TENANT` was not sent as `x-tenant`: the value contains a character that is not allowed there";
    for text in [" a", "a ", "a\tb", "a\r\nx-admin: 1", "ü", "\u{7f}"] {
        assert_eq!(sent(&propagator, &tenant(text)), map(&[]), "{text:?}");
        assert_eq!(rejections(), [refused]);
    }
}

#[test]
fn baggage_keeps_within_180_members_and_8192_bytes_and_cuts_none() {
    // The same 66 variables three times, under other keys.
    let vars: Vec<_> = crate::fields::MANY.iter().cycle().take(182).collect();
    let mut builder = Propagator::builder();
    for (n, var) in vars.iter().enumerate() {
        builder = builder.baggage(Baggage::new(*var, format!("k{n}")).max_len(usize::MAX));
    }
    let (propagator, rejections) = reporting(builder);
    let all = |len: usize| {
        vars.iter().take(66).fold(Context::new(), |context, var| {
            context.with_value(*var, "x".repeat(len))
        })
    };
    let carrier = sent(&propagator, &all(1));
    assert_eq!(carrier["baggage"].split(',').count(), 180);
    let past = [("V48", "k180"), ("V49", "k181")].map(|(var, key)| {
        format!("`{var}` was not sent as `{key}`: the value is past the limit of 180 members")
    });
    assert_eq!(rejections(), past);
    let carrier = sent(&propagator, &all(1000));
    assert!(carrier["baggage"].len() <= 8192);
    let lengths: Vec<_> = carrier["baggage"].split(',').map(str::len).collect();
    assert_eq!(lengths, [1003; 8], "all that fit with their commas");
    assert_eq!(rejections().len(), 174);
}

#[test]
fn maps_lists_closures_and_header_maps_carry() {
    let propagator = both();
    let context = tenant("a b").with_value(&REQUEST_ID, 7);
    let shown = r#"{REQUEST_ID: 7, TENANT: "a b"}"#;
    let before = [("x-request-id", "old"), ("x-trace", "1")];
    let after = [
        ("X-Request-Id", "7"),
        ("baggage", "tenant=a%20b"),
        ("x-trace", "1"),
    ];
    let from_each = check_each_carrier(&propagator, &context, &before, &after);
    assert_eq!(from_each, [shown; 4]);

    let mut headers = HeaderMap::new();
    headers.append("x-request-id", "old".parse().unwrap());
    headers.append("x-request-id", "older".parse().unwrap());
    propagator.inject(&context, &mut headers);
    assert_eq!(headers.get_all("x-request-id").iter().count(), 1);
    assert_eq!(context.clone().run(|| propagator.headers()), headers);

    let mut table: Vec<(String, Vec<u8>)> = Vec::new();
    propagator.inject(&context, &mut |name: &str, value: String| {
        table.push((name.to_lowercase(), value.into_bytes()));
    });
    let lent = |name: &str| {
        let found = table.iter().find(|(key, _)| *key == name.to_lowercase());
        found.map(|(_, value)| String::from_utf8_lossy(value))
    };
    assert_eq!(received(&propagator, &lent), shown);
}

#[test]
fn several_baggage_headers_count_as_one() {
    let mut headers = HeaderMap::new();
    for header in ["tenant=acme,k=v", "locale = de ;p=1", "tenant=globex"] {
        headers.append("baggage", header.parse().unwrap());
    }
    let propagator = both();
    let shown = r#"{LOCALE: "de", TENANT: "globex"}"#;
    assert_eq!(received(&propagator, &headers), shown);
    assert_eq!(propagator.rejections(), 0);
}

/// Injects into each kind of carrier, which has the entries `before` and must have those `after`, and
/// returns what is then received from it.
#[track_caller]
fn check_each_carrier(
    propagator: &Propagator,
    context: &Context,
    before: &[(&str, &str)],
    after: &[(&str, &str)],
) -> [String; 4] {
    let expected = map(after);
    let mut sorted = map(before);
    propagator.inject(context, &mut sorted);
    assert_eq!(sorted, expected, "sorted map");

    let mut list = Vec::from_iter(map(before));
    propagator.inject(context, &mut list);
    list.sort();
    assert_eq!(list, Vec::from_iter(expected.clone()), "list");

    let mut hashed: HashMap<_, _> = map(before).into_iter().collect();
    let mut headers = HeaderMap::try_from(&hashed).unwrap();
    propagator.inject(context, &mut hashed);
    assert_eq!(BTreeMap::from_iter(hashed.clone()), expected, "hash map");
    propagator.inject(context, &mut headers);
    let expected = HeaderMap::try_from(&hashed).unwrap();
    assert_eq!(headers, expected, "header map");

    let carriers: [&dyn Extractor; 4] = [&sorted, &list, &hashed, &headers];
    carriers.map(|carrier| received(propagator, carrier))
}

/// The identity of another tenant, under names in another case.
const MALLORY: [(&str, &str); 2] = [("X-TENANT", "mallory"), ("Baggage", "tenant=mallory")];

fn in_both_places() -> Propagator {
    Propagator::builder()
        .header(Header::new(&TENANT, "x-tenant").max_len(6))
        .baggage(Baggage::new(&TENANT, "tenant").max_len(6))
        .build()
}

#[test]
fn what_was_there_is_replaced_under_names_in_any_case() {
    let after = [("baggage", "tenant=acme"), ("x-tenant", "acme")];
    check_each_carrier(&in_both_places(), &tenant("acme"), &MALLORY, &after);
}

#[test]
fn what_was_there_is_taken_away_for_a_value_that_may_not_travel() {
    let propagator = in_both_places();
    check_each_carrier(&propagator, &tenant("too long"), &MALLORY, &[]);
    assert_eq!(propagator.rejections(), 8);
}

#[test]
fn listed_names_are_removed_where_a_variable_is_not_set() {
    let none = Context::new();
    let others = ("X-Other", "stays");
    let listed = [("x-request-id", "666"), ("BAGGAGE", "tenant=mallory")];
    let before = [listed[0], others, listed[1]];
    check_each_carrier(&both(), &none, &before, &[others]);

    let mut headers = HeaderMap::new();
    for name in ["x-request-id", "x-other", "baggage"] {
        headers.append(name, "tenant=mallory".parse().unwrap());
        headers.append(name, "tenant=mallory".parse().unwrap());
    }
    both().inject(&none, &mut headers);
    assert_eq!(headers.get_all("x-other").iter().count(), 2);
    assert_eq!(headers.len(), 2);
}

//! Headers, baggage and what carries them.

use std::collections::{BTreeMap, HashMap};

use context_vars::Context;
use context_vars::propagation::{Baggage, Header, Propagator};

use super::{REQUEST_ID, TENANT, both, map, reporting, sent, taken};

#[test]
fn any_text_without_control_characters_comes_back_from_baggage() {
    let (propagator, rejections) =
        reporting(Propagator::builder().baggage(Baggage::new(&TENANT, "tenant")));
    let texts = [
        "",
        " ",
        " a b ",
        "a+b",
        "100%",
        "%41",
        "a=b;c,d",
        "\"quoted\"",
        "back\\slash",
        "Müller & Söhne",
        "日本",
        "🦀",
        "~._-",
        "\u{200b}",
    ];
    for text in texts {
        let context = Context::new().with_value(&TENANT, text.to_owned());
        let carrier = sent(&propagator, &context);
        assert!(
            carrier["baggage"]
                .bytes()
                .all(|byte| byte.is_ascii_graphic())
        );
        let back = propagator.extract(Context::new(), &carrier);
        assert_eq!(back.get(&TENANT).map(String::as_str), Some(text));
    }
    assert_eq!(taken(&rejections), [""; 0]);
}

#[test]
fn header_takes_visible_ascii_and_refuses_to_send_the_rest() {
    let (propagator, rejections) =
        reporting(Propagator::builder().header(Header::new(&TENANT, "x-tenant")));
    for text in ["acme", "a b", "!\"#%&,;=~", ""] {
        let context = Context::new().with_value(&TENANT, text.to_owned());
        let back = propagator.extract(Context::new(), &sent(&propagator, &context));
        assert_eq!(back.get(&TENANT).map(String::as_str), Some(text));
    }
    for text in [" a", "a ", "a\tb", "a\r\nx-admin: 1", "ü", "\u{7f}"] {
        let context = Context::new().with_value(&TENANT, text.to_owned());
        assert_eq!(sent(&propagator, &context), map(&[]), "{text:?}");
        assert_eq!(
            taken(&rejections),
            [
                "`TENANT` was not sent as `x-tenant`: the value contains a character that is not allowed there"
            ]
        );
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
    assert_eq!(
        taken(&rejections),
        [
            "`V48` was not sent as `k180`: the value is past the limit of 180 members",
            "`V49` was not sent as `k181`: the value is past the limit of 180 members",
        ]
    );
    let carrier = sent(&propagator, &all(1000));
    assert!(carrier["baggage"].len() <= 8192);
    let members: Vec<_> = carrier["baggage"].split(',').collect();
    assert_eq!(members.len(), 8, "8 of 1004 bytes and a comma fit");
    assert!(
        members.iter().all(|member| member.len() == 1003),
        "none is cut"
    );
    assert_eq!(taken(&rejections).len(), 174);
}

#[test]
fn maps_lists_closures_and_header_maps_carry() {
    let propagator = both();
    let context = Context::new()
        .with_value(&REQUEST_ID, 7)
        .with_value(&TENANT, "a b".to_owned());
    let shown = r#"{REQUEST_ID: 7, TENANT: "a b"}"#;

    let mut hash = HashMap::from([("x-trace".to_owned(), "1".to_owned())]);
    propagator.inject(&context, &mut hash);
    assert_eq!(hash.len(), 3);
    assert_eq!(
        format!("{:?}", propagator.extract(Context::new(), &hash)),
        shown
    );

    let mut list = vec![("x-request-id".to_owned(), "old".to_owned())];
    propagator.inject(&context, &mut list);
    assert_eq!(list.len(), 2, "the old value is replaced: {list:?}");
    assert_eq!(
        format!("{:?}", propagator.extract(Context::new(), &list)),
        shown
    );

    let mut headers = http::HeaderMap::new();
    headers.append("x-request-id", http::HeaderValue::from_static("old"));
    headers.append("x-request-id", http::HeaderValue::from_static("older"));
    propagator.inject(&context, &mut headers);
    assert_eq!(headers.get_all("x-request-id").iter().count(), 1);
    assert_eq!(
        format!("{:?}", propagator.extract(Context::new(), &headers)),
        shown
    );
    let mut current = context.clone();
    assert_eq!(current.run(|| propagator.headers()), headers);

    let mut table: Vec<(String, Vec<u8>)> = Vec::new();
    propagator.inject(&context, &mut |name: &str, value: String| {
        table.push((name.to_lowercase(), value.into_bytes()));
    });
    let lent = |name: &str| {
        let found = table.iter().find(|(key, _)| *key == name.to_lowercase());
        found.map(|(_, value)| String::from_utf8_lossy(value))
    };
    assert_eq!(
        format!("{:?}", propagator.extract(Context::new(), &lent)),
        shown
    );
}

#[test]
fn several_baggage_headers_count_as_one() {
    let mut headers = http::HeaderMap::new();
    headers.append("baggage", http::HeaderValue::from_static("tenant=acme"));
    headers.append(
        "baggage",
        http::HeaderValue::from_static("locale = de ;p=1"),
    );
    let context = both().extract(Context::new(), &headers);
    assert_eq!(format!("{context:?}"), r#"{LOCALE: "de", TENANT: "acme"}"#);
}

/// The carriers there are.
struct Carriers {
    hashed: HashMap<String, String>,
    sorted: BTreeMap<String, String>,
    list: Vec<(String, String)>,
    headers: http::HeaderMap,
}

impl Carriers {
    fn inject(&mut self, propagator: &Propagator, context: &Context) {
        propagator.inject(context, &mut self.hashed);
        propagator.inject(context, &mut self.sorted);
        propagator.inject(context, &mut self.list);
        propagator.inject(context, &mut self.headers);
    }
}

/// Another's identity, under names in another case.
fn mallory() -> Carriers {
    let entries = map(&[("X-TENANT", "mallory"), ("Baggage", "tenant=mallory")]);
    let mut headers = http::HeaderMap::new();
    headers.insert("x-tenant", "mallory".parse().unwrap());
    headers.insert("baggage", "tenant=mallory".parse().unwrap());
    Carriers {
        hashed: entries.clone().into_iter().collect(),
        list: entries.clone().into_iter().collect(),
        sorted: entries,
        headers,
    }
}

fn in_both_places() -> Propagator {
    let builder = Propagator::builder();
    let builder = builder.header(Header::new(&TENANT, "x-tenant").max_len(6));
    builder
        .baggage(Baggage::new(&TENANT, "tenant").max_len(6))
        .build()
}

#[test]
fn what_was_there_is_replaced_under_names_in_any_case() {
    let mut carriers = mallory();
    let context = Context::new().with_value(&TENANT, "acme".to_owned());
    carriers.inject(&in_both_places(), &context);
    let expected = map(&[("baggage", "tenant=acme"), ("x-tenant", "acme")]);
    assert_eq!(BTreeMap::from_iter(carriers.hashed), expected);
    assert_eq!(carriers.sorted, expected);
    assert_eq!(BTreeMap::from_iter(carriers.list), expected);
    let headers = carriers.headers;
    assert_eq!(
        (&headers["x-tenant"], headers.len()),
        (&"acme".parse().unwrap(), 2)
    );
}

#[test]
fn what_was_there_is_taken_away_for_a_value_that_may_not_travel() {
    let mut carriers = mallory();
    let context = Context::new().with_value(&TENANT, "too long".to_owned());
    let propagator = in_both_places();
    carriers.inject(&propagator, &context);
    assert!(carriers.hashed.is_empty() && carriers.sorted.is_empty());
    assert!(carriers.list.is_empty() && carriers.headers.is_empty());
    assert_eq!(propagator.rejections(), 8);
}

//! What travels, where to, and what does not.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use context_vars::propagation::{Builder, ProblemKind, Propagator};
use context_vars::{Context, context_var, isolated};

context_var! {
    static REQUEST_ID: u64;
    static TENANT: String;
    static LOCALE: String = "en".to_owned();
    static UNLISTED: String;
    #[redact]
    static SECRET: String;
    #[no_inherit]
    static HERE: String;
    static SHARED: Arc<str>;
}

/// What `on_problem` was told.
pub type Problems = Arc<Mutex<Vec<String>>>;

/// Collects the problems of a propagator.
pub fn reporting(builder: Builder) -> (Propagator, Problems) {
    let problems = Problems::default();
    let told = problems.clone();
    let propagator = builder
        .on_problem(move |problem| told.lock().unwrap().push(problem.to_string()))
        .build();
    (propagator, problems)
}

pub fn taken(problems: &Problems) -> Vec<String> {
    std::mem::take(&mut problems.lock().unwrap())
}

fn both() -> Propagator {
    Propagator::builder()
        .header(&REQUEST_ID, "X-Request-Id")
        .baggage(&TENANT, "tenant")
        .baggage(&LOCALE, "locale")
        .build()
}

fn sent(propagator: &Propagator, context: &Context) -> BTreeMap<String, String> {
    let mut carrier = BTreeMap::new();
    propagator.inject(context, &mut carrier);
    carrier
}

fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    let entries = entries.iter();
    entries
        .map(|(k, v)| (k.to_string(), v.to_string()))
        .collect()
}

#[test]
fn only_what_is_listed_and_set_is_sent() {
    let context = Context::new()
        .with_value(&REQUEST_ID, 7)
        .with_value(&TENANT, "acme".to_owned())
        .with_value(&UNLISTED, "private".to_owned());
    let expected = map(&[("X-Request-Id", "7"), ("baggage", "tenant=acme")]);
    assert_eq!(
        sent(&both(), &context),
        expected,
        "LOCALE has only a default"
    );
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
fn send_only_is_not_accepted_and_accept_only_is_not_sent() {
    let propagator = Propagator::builder()
        .baggage(&TENANT, "tenant")
        .send_only()
        .baggage(&LOCALE, "locale")
        .accept_only()
        .header(&UNLISTED, "x-sent")
        .send_only()
        .header(&SECRET, "x-accepted")
        .accept_only()
        .build();
    let context = Context::new()
        .with_value(&TENANT, "acme".to_owned())
        .with_value(&LOCALE, "de".to_owned())
        .with_value(&UNLISTED, "1".to_owned())
        .with_value(&SECRET, "2".to_owned());
    assert_eq!(
        sent(&propagator, &context),
        map(&[("baggage", "tenant=acme"), ("x-sent", "1")])
    );
    let incoming = map(&[
        ("baggage", "tenant=globex,locale=fr"),
        ("x-sent", "3"),
        ("x-accepted", "4"),
    ]);
    let context = propagator.extract(Context::new(), &incoming);
    assert_eq!(format!("{context:?}"), r#"{LOCALE: "fr", SECRET: ***}"#);
}

#[test]
fn options_before_the_first_variable_are_about_all() {
    let builder = Propagator::builder()
        .max_len(3)
        .baggage(&TENANT, "tenant")
        .header(&LOCALE, "x-locale")
        .max_len(5);
    let (propagator, problems) = reporting(builder);
    let context = Context::new()
        .with_value(&TENANT, "acme".to_owned())
        .with_value(&LOCALE, "de-AT".to_owned());
    assert_eq!(sent(&propagator, &context), map(&[("x-locale", "de-AT")]));
    assert_eq!(
        taken(&problems),
        ["`TENANT` was not sent as `tenant`: the value is too long"]
    );
}

#[test]
fn any_text_without_control_characters_comes_back_from_baggage() {
    let (propagator, problems) = reporting(Propagator::builder().baggage(&TENANT, "tenant"));
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
    assert_eq!(taken(&problems), [""; 0]);
}

#[test]
fn header_takes_visible_ascii_and_refuses_to_send_the_rest() {
    let (propagator, problems) = reporting(Propagator::builder().header(&TENANT, "x-tenant"));
    for text in ["acme", "a b", "!\"#%&,;=~", ""] {
        let context = Context::new().with_value(&TENANT, text.to_owned());
        let back = propagator.extract(Context::new(), &sent(&propagator, &context));
        assert_eq!(back.get(&TENANT).map(String::as_str), Some(text));
    }
    for text in [" a", "a ", "a\tb", "a\r\nx-admin: 1", "ü", "\u{7f}"] {
        let context = Context::new().with_value(&TENANT, text.to_owned());
        assert_eq!(sent(&propagator, &context), map(&[]), "{text:?}");
        assert_eq!(
            taken(&problems),
            [
                "`TENANT` was not sent as `x-tenant`: the value holds a character that is not allowed there"
            ]
        );
    }
}

#[test]
fn baggage_keeps_within_64_members_and_8192_bytes_and_cuts_none() {
    let vars = &crate::fields::MANY;
    let mut builder = Propagator::builder().max_len(usize::MAX);
    for (n, var) in vars.iter().enumerate() {
        builder = builder.baggage(*var, format!("k{n}"));
    }
    let (propagator, problems) = reporting(builder);
    let all = |len: usize| {
        vars.iter().fold(Context::new(), |context, var| {
            context.with_value(*var, "x".repeat(len))
        })
    };
    assert_eq!(vars.len(), 66);
    let carrier = sent(&propagator, &all(1));
    assert_eq!(carrier["baggage"].split(',').count(), 64);
    assert_eq!(
        taken(&problems),
        [
            "`V64` was not sent as `k64`: the value has more than 64 members",
            "`V65` was not sent as `k65`: the value has more than 64 members",
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
    assert_eq!(taken(&problems).len(), 58);
}

#[test]
fn redacted_variable_is_sent_where_it_is_listed_and_no_inherit_one_from_where_it_is() {
    let propagator = Propagator::builder()
        .header(&SECRET, "authorization")
        .header(&HERE, "x-here")
        .build();
    isolated(|| {
        drop(SECRET.set("token".into()));
        drop(HERE.set("local".into()));
        let current = Context::current();
        assert_eq!(
            sent(&propagator, &current),
            map(&[("authorization", "token")])
        );
        let given = current.with_value(&HERE, "given".into());
        assert_eq!(sent(&propagator, &given)["x-here"], "given");
    });
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

#[test]
fn types_without_from_str_travel_by_closures() {
    let propagator = Propagator::builder()
        .baggage_with(
            &SHARED,
            "shared",
            |v| Some(v.to_string()),
            |text| Some(text.into()),
        )
        .header_with(
            &REQUEST_ID,
            "x-hex",
            |id| (*id > 0).then(|| format!("{id:x}")),
            |text| u64::from_str_radix(text, 16).ok(),
        )
        .build();
    let context = Context::new()
        .with_value(&SHARED, "s".into())
        .with_value(&REQUEST_ID, 255);
    let carrier = sent(&propagator, &context);
    assert_eq!(carrier, map(&[("baggage", "shared=s"), ("x-hex", "ff")]));
    let back = propagator.extract(Context::new(), &carrier);
    assert_eq!(format!("{back:?}"), r#"{REQUEST_ID: 255, SHARED: "s"}"#);
    assert_eq!(
        sent(&propagator, &Context::new().with_value(&REQUEST_ID, 0)),
        map(&[])
    );
}

#[test]
fn names_that_peers_would_not_understand_are_refused_at_once() {
    type Listing = fn(Builder) -> Builder;
    let listings: [(Listing, &str); 6] = [
        (
            |b| b.header(&REQUEST_ID, "x request"),
            "`x request` cannot be the name of a header of its own",
        ),
        (
            |b| b.header(&REQUEST_ID, ""),
            "`` cannot be the name of a header of its own",
        ),
        (
            |b| b.header(&REQUEST_ID, "Baggage"),
            "`Baggage` cannot be the name of a header of its own",
        ),
        (
            |b| b.baggage(&TENANT, "ten ant"),
            "`ten ant` cannot be a key of baggage: use letters, digits and `-._~`",
        ),
        (
            |b| b.header(&REQUEST_ID, "x-id").header(&TENANT, "X-Id"),
            "`X-Id` is listed twice",
        ),
        (
            |b| b.baggage(&LOCALE, "a").baggage(&TENANT, "a"),
            "`a` is listed twice",
        ),
    ];
    for (list, expected) in listings {
        let panic = std::panic::catch_unwind(|| list(Propagator::builder())).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().unwrap(), expected);
    }
}

#[test]
fn problems_name_the_variable_and_never_the_value() {
    let propagator = Propagator::builder()
        .baggage(&REQUEST_ID, "id")
        .on_problem(|problem| {
            assert_eq!(problem.kind(), ProblemKind::WrongType);
            assert!(!problem.is_sending());
            assert_eq!(
                (problem.name(), problem.variable()),
                ("id", Some("REQUEST_ID"))
            );
            assert!(!format!("{problem}{problem:?}").contains("secret"));
        })
        .build();
    drop(propagator.extract(Context::new(), &map(&[("baggage", "id=secret")])));
    assert_eq!(propagator.clone().problems(), 1, "a clone counts with it");
    assert_eq!(
        format!("{propagator:?}"),
        r#"Propagator {"REQUEST_ID": "id"}"#
    );
}

//! Values that are rejected, and the contents of a rejection.

use context_vars::Context;
use context_vars::propagation::{Baggage, Builder, Header, Propagator, RejectionKind};

use super::{LOCALE, REQUEST_ID, TENANT, map};

#[test]
fn names_that_peers_would_not_understand_are_refused_at_once() {
    let refused = |list: fn(Builder, &'static str) -> Builder, name| {
        let panic = std::panic::catch_unwind(|| list(Propagator::builder(), name)).unwrap_err();
        *panic.downcast::<String>().unwrap()
    };
    for name in ["x request", "", "Baggage"] {
        assert_eq!(
            refused(|b, name| b.header(Header::new(&TENANT, name)), name),
            format!("`{name}` cannot be the name of a separate header")
        );
    }
    assert_eq!(
        refused(|b, name| b.baggage(Baggage::new(&TENANT, name)), "ten ant"),
        "`ten ant` cannot be a key of baggage: use letters, digits and `-._~`"
    );
    let headers = |b: Builder, name| {
        b.header(Header::new(&REQUEST_ID, "x-id"))
            .header(Header::new(&TENANT, name))
    };
    assert_eq!(refused(headers, "X-Id"), "`X-Id` is listed twice");
    let baggage = |b: Builder, key| {
        b.baggage(Baggage::new(&LOCALE, key))
            .baggage(Baggage::new(&TENANT, key))
    };
    assert_eq!(refused(baggage, "a"), "`a` is listed twice");
}

#[test]
fn rejections_name_the_variable_and_never_the_value() {
    let propagator = Propagator::builder()
        .baggage(Baggage::new(&REQUEST_ID, "id"))
        .on_rejection(|rejection| {
            assert_eq!(rejection.kind(), RejectionKind::WrongType);
            assert!(!rejection.is_injecting());
            assert_eq!(
                (rejection.name(), rejection.variable()),
                ("id", Some("REQUEST_ID"))
            );
            assert!(!format!("{rejection}{rejection:?}").contains("secret"));
        })
        .build();
    drop(propagator.extract(Context::new(), &map(&[("baggage", "id=secret")])));
    assert_eq!(propagator.clone().rejections(), 1, "a clone counts with it");
    let shown = r#"Propagator {"REQUEST_ID": "id"}"#;
    assert_eq!(format!("{propagator:?}"), shown);
}

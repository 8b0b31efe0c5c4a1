//! Values that are rejected, and the contents of a rejection.

use context_vars::Context;
use context_vars::propagation::{Baggage, Builder, Header, Propagator, RejectionKind};

use super::{LOCALE, REQUEST_ID, TENANT, map};

#[test]
fn names_that_peers_would_not_understand_are_refused_at_once() {
    type Listing = fn(Builder) -> Builder;
    let listings: [(Listing, &str); 6] = [
        (
            |b| b.header(Header::new(&REQUEST_ID, "x request")),
            "`x request` cannot be the name of a separate header",
        ),
        (
            |b| b.header(Header::new(&REQUEST_ID, "")),
            "`` cannot be the name of a separate header",
        ),
        (
            |b| b.header(Header::new(&REQUEST_ID, "Baggage")),
            "`Baggage` cannot be the name of a separate header",
        ),
        (
            |b| b.baggage(Baggage::new(&TENANT, "ten ant")),
            "`ten ant` cannot be a key of baggage: use letters, digits and `-._~`",
        ),
        (
            |b| {
                b.header(Header::new(&REQUEST_ID, "x-id"))
                    .header(Header::new(&TENANT, "X-Id"))
            },
            "`X-Id` is listed twice",
        ),
        (
            |b| {
                b.baggage(Baggage::new(&LOCALE, "a"))
                    .baggage(Baggage::new(&TENANT, "a"))
            },
            "`a` is listed twice",
        ),
    ];
    for (list, expected) in listings {
        let panic = std::panic::catch_unwind(|| list(Propagator::builder())).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().unwrap(), expected);
    }
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
    assert_eq!(
        format!("{propagator:?}"),
        r#"Propagator {"REQUEST_ID": "id"}"#
    );
}

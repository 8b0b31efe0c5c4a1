//! What is refused, and what problems say.

use context_vars::Context;
use context_vars::propagation::{Builder, ProblemKind, Propagator};

use super::{LOCALE, REQUEST_ID, TENANT, map};

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

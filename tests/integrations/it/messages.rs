//! Bytes as the headers of a message: for the fuzzer, and for the corpus that it left.

use context_vars::propagation::{Baggage, Header, Propagator};
use context_vars::{Context, context_var};

context_var! {
    static ID: u64;
    static TENANT: String;
    static LABEL: String;
    static BLANKS: String;
}

const MOST: usize = 200;

fn propagator() -> Propagator {
    Propagator::builder()
        .header(Header::new(&LABEL, "x-label").max_len(MOST))
        .baggage(Baggage::new(&ID, "id").max_len(MOST))
        .baggage(Baggage::new(&TENANT, "tenant").max_len(MOST))
        .baggage(
            Baggage::new(&BLANKS, "blanks")
                .max_len(MOST)
                .plus_as_space(),
        )
        .on_rejection(|rejection| drop(format!("{rejection} {rejection:?}")))
        .build()
}

/// Whatever comes in, nothing panics, and what is accepted is sound and comes back when sent on.
///
/// Each line is a header: of the label if it begins with `#`, else of the baggage.
pub fn check(bytes: &[u8]) {
    let headers = String::from_utf8_lossy(bytes);
    let carrier: Vec<_> = headers
        .split('\n')
        .map(|line| match line.strip_prefix('#') {
            Some(label) => ("x-label".to_owned(), label.to_owned()),
            None => ("baggage".to_owned(), line.to_owned()),
        })
        .collect();
    let propagator = propagator();
    let context = propagator.extract(Context::new(), &carrier);
    assert!(
        propagator.rejections() <= 5,
        "one a variable, one for the baggage"
    );
    for text in [&TENANT, &LABEL, &BLANKS]
        .into_iter()
        .filter_map(|var| context.get(var))
    {
        assert!(
            text.len() <= MOST && !text.contains(char::is_control),
            "{text:?}"
        );
    }
    let label = context.get(&LABEL).map_or("", |label| label);
    assert!(
        label.bytes().all(|byte| matches!(byte, b' '..=b'~')),
        "{label:?}"
    );

    let told = propagator.rejections();
    let mut again = Vec::new();
    propagator.inject(&context, &mut again);
    let back = propagator.extract(Context::new(), &again);
    assert_eq!(
        format!("{back:?}"),
        format!("{context:?}"),
        "sent as {again:?}"
    );
    assert_eq!(
        propagator.rejections(),
        told,
        "what was accepted can be sent: {again:?}"
    );
}

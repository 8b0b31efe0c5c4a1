//! Bytes as the headers of a message: for the fuzzer, and for the corpus that it left.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use context_vars::propagation::{Baggage, Header, Propagator};
use context_vars::{Context, context_var};

context_var! {
    static ID: u64;
    static TENANT: String;
    static LABEL: String;
    static BLANKS: String;
}

const MOST: usize = 200;

/// The most bytes by which the three variables in the baggage can be longer when they are sent on: a byte that
/// came unescaped is sent in three.
const MOST_GROWTH: usize = 3 * 3 * MOST;
/// The most bytes of baggage in a message.
const MOST_BAGGAGE: usize = 8192;

fn propagator(calls: Arc<AtomicUsize>) -> Propagator {
    let blanks = Baggage::new(&BLANKS, "blanks").max_len(MOST);
    Propagator::builder()
        .header(Header::new(&LABEL, "x-label").max_len(MOST))
        .baggage(Baggage::new(&ID, "id").max_len(MOST))
        .baggage(Baggage::new(&TENANT, "tenant").max_len(MOST))
        .baggage(blanks.plus_as_space())
        .forward_unlisted()
        .on_rejection(move |rejection| {
            drop(format!("{rejection} {rejection:?}"));
            calls.fetch_add(1, Ordering::Relaxed);
        })
        .build()
}

/// Whatever comes in, nothing panics, and what is accepted is sound and comes back when sent on.
///
/// A member of others is dropped if it no longer fits: our values may be longer than they came.
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
    let calls = Arc::new(AtomicUsize::new(0));
    let propagator = propagator(calls.clone());
    let context = propagator.extract(Context::new(), &carrier);
    assert!(
        calls.load(Ordering::Relaxed) <= 4 + 2 * 3 + 3,
        "one a value, and one a reason for the members of each that do not fit or are none"
    );
    let texts = [&TENANT, &LABEL, &BLANKS].map(|var| context.get(var).map_or("", |text| text));
    for text in texts {
        let sound = text.len() <= MOST && !text.contains(char::is_control);
        assert!(sound, "{text:?}");
    }
    let [_, label, _] = texts;
    let visible = label.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    assert!(visible, "{label:?}");

    let told = propagator.rejections();
    let mut again = Vec::new();
    propagator.inject(&context, &mut again);
    for (_, header) in &again {
        let mut bytes = header.bytes();
        assert!(
            bytes.all(|byte| matches!(byte, b' '..=b'~' | b'\t')),
            "{header:?}"
        );
    }
    let back = propagator.extract(Context::new(), &again);
    let [shown, came_back] = [&context, &back].map(|context| format!("{context:?}"));
    assert_eq!(came_back, shown, "sent as {again:?}");
    let told_again = propagator.rejections();
    let received: usize = carrier.iter().map(|(_, header)| header.len() + 1).sum();
    if received + MOST_GROWTH <= MOST_BAGGAGE {
        assert_eq!(told_again, told, "what was accepted can be sent: {again:?}");
    }
    let mut third = Vec::new();
    propagator.inject(&back, &mut third);
    assert_eq!(third, again, "what is forwarded stays as it is");
    assert_eq!(
        propagator.rejections(),
        told_again,
        "what was sent can be sent again: {third:?}"
    );
}

//! Request ids: which are taken over, and that nothing of a refused one is left.

use std::convert::Infallible;
use std::fmt;
use std::future::pending;
use std::num::ParseIntError;
use std::pin::pin;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use context_vars::propagation::{Baggage, Header, Propagator};
use context_vars::web::{self, ContextLayer};
use context_vars::{Context, ContextVar, context_var};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use tower::{Layer, Service, service_fn};
use tower_http::request_id::{MakeRequestId, RequestId, SetRequestIdLayer};

use crate::support::{Protocol, ask, ask_text, curl, get, respond_with, serve_root, text};

context_var! {
    static REQUEST_ID: u64;
    static NAME: String;
    static CODE: Code;
    static SHARED: Arc<str>;
    static SENT: HeaderValue;
}

const X_REQUEST_ID: &str = "x-request-id";

/// Made ids start here, so that no test mistakes a client's for one.
const FIRST: u64 = 1_000_000;

/// Makes the ids from the first one on.
fn numbers() -> impl Fn() -> u64 + Send + Sync + 'static {
    let next = AtomicU64::new(FIRST);
    move || next.fetch_add(1, Ordering::Relaxed)
}

fn layer() -> ContextLayer {
    ContextLayer::new()
        .detached()
        .request_id(&REQUEST_ID, numbers())
}

/// The values that the handler sees: the variable, and the request's header.
async fn ids(headers: HeaderMap) -> String {
    let sent: Vec<_> = headers.get_all(X_REQUEST_ID).iter().collect();
    format!("{} {sent:?}", REQUEST_ID.get())
}

async fn ids_in(request: Request<String>) -> Result<Response<String>, Infallible> {
    let (parts, _) = request.into_parts();
    Ok(Response::new(ids(parts.headers).await))
}

#[tokio::test]
async fn harmless_id_is_taken_over_put_into_the_request_and_echoed() {
    let address = serve_root(ids, layer()).await;
    for protocol in Protocol::ALL {
        let request = protocol.get(address);
        let response = request.header(X_REQUEST_ID, "42").send().await.unwrap();
        assert_eq!(response.headers()[X_REQUEST_ID], "42");
        assert_eq!(response.text().await.unwrap(), r#"42 ["42"]"#);
    }
}

/// The lines of a head that are about an id, and the body.
fn id_and_body(response: &str) -> (Vec<&str>, &str) {
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let ids = head.lines().filter(|line| line.starts_with("x-"));
    (ids.collect(), body)
}

#[tokio::test]
async fn new_id_replaces_any_of_the_client_inside_and_outside() {
    let layer = ContextLayer::new()
        .detached()
        .request_id_always_new(&REQUEST_ID, numbers());
    let address = serve_root(ids, layer).await;
    let mut made = FIRST;
    for protocol in ["--http1.1", "--http2-prior-knowledge"] {
        let (one, other) = ("x-request-id: 42", "X-Request-Id: 43");
        let sent: [&[&str]; 4] = [
            &[],
            &["-H", one],
            &["-H", one, "-H", other],
            &["-H", "x-request-id: forged\u{fc}"],
        ];
        for headers in sent {
            let options = [&[protocol], headers].concat();
            let response = curl(address, &options).await;
            let echoed = format!("x-request-id: {made}");
            let body = format!(r#"{made} ["{made}"]"#);
            assert_eq!(id_and_body(&response), (vec![&*echoed], &*body));
            made += 1;
        }
    }
}

#[tokio::test]
async fn new_id_replaces_the_header_that_it_is_told_and_no_other() {
    let header = HeaderName::from_static("x-name");
    let layer = ContextLayer::new().request_id_always_new_header(header, &NAME, || "made".into());
    let handler =
        async |headers: HeaderMap| format!("{:?} {:?}", headers["x-name"], headers[X_REQUEST_ID]);
    let address = serve_root(handler, layer).await;
    let response = curl(address, &["-H", "x-name: a", "-H", "x-request-id: 42"]).await;
    let expected = (vec!["x-name: made"], r#""made" "42""#);
    assert_eq!(id_and_body(&response), expected);
}

/// Returns the value of a layer's variable in a request with the id `taken`, and in one with an id that
/// is refused.
async fn ids_of<T: fmt::Debug + Send + Sync>(
    id: web::RequestId,
    var: &'static ContextVar<T>,
) -> [String; 2] {
    let layer = ContextLayer::new().request_id_with(id);
    let service = layer.layer(respond_with(|request| {
        let header = request.headers().get(X_REQUEST_ID);
        var.with(|id| format!("{id:?} {header:?}"))
    }));
    let taken = ask_text(service.clone(), &[(X_REQUEST_ID, b"taken")]).await;
    let made = ask_text(service, &[(X_REQUEST_ID, b"re fused")]).await;
    [taken, made]
}

#[tokio::test]
async fn id_is_of_any_type_that_is_made_from_text() {
    let both = [r#""taken" Some("taken")"#, r#""made" Some("made")"#];
    let id = web::RequestId::new(&NAME, || "made".into());
    assert_eq!(ids_of(id, &NAME).await, both);
    let id = web::RequestId::with(
        &SHARED,
        || "made".into(),
        |id| Some(id.to_string()),
        |text| Some(text.into()),
    );
    assert_eq!(ids_of(id, &SHARED).await, both);
    let id = web::RequestId::with(
        &SENT,
        || HeaderValue::from_static("made"),
        |id| id.to_str().ok().map(str::to_owned),
        |text| text.parse().ok(),
    );
    assert_eq!(ids_of(id, &SENT).await, both);
}

#[test]
fn debug_of_an_id_names_variable_and_header() {
    let id = web::RequestId::new(&NAME, String::new);
    let expected = r#"RequestId { variable: "NAME", header: "x-request-id" }"#;
    assert_eq!(format!("{id:?}"), expected);
}

/// Texts at the edges of what may be an id.
fn candidates() -> Vec<String> {
    let mut texts = ["", "x", " ", "a b", "x\ty", "\u{fc}", "7\u{7f}"]
        .map(str::to_owned)
        .to_vec();
    texts.extend([127, 128, 129, 1024, 1025].map(|len| "x".repeat(len)));
    texts.extend((' '..='~').map(|char| format!("a{char}b")));
    texts
}

#[tokio::test]
async fn same_ids_are_accepted_however_they_come() {
    let peer = Propagator::builder()
        .header(Header::new(&NAME, X_REQUEST_ID).as_id().max_len(4096))
        .build();
    let members = Propagator::builder()
        .baggage(Baggage::new(&NAME, "id").as_id())
        .build();
    let open = Propagator::builder()
        .baggage(Baggage::new(&NAME, "id").max_len(4096))
        .build();
    let header = HeaderName::from_static("x-name");
    let layer = ContextLayer::new().request_id_header(header, &NAME, || "made here".into());
    let service = layer.layer(respond_with(|_| NAME.get()));
    for id in candidates() {
        let visible = id.bytes().all(|byte| (b'!'..=b'~').contains(&byte));
        let expected = visible && (1..=128).contains(&id.len());
        if let Ok(header) = HeaderValue::try_from(&id) {
            let response = ask(service.clone(), &[("x-name", id.as_bytes())]).await;
            let taken = if expected { &*id } else { "made here" };
            assert_eq!(response.headers()["x-name"], taken, "{id:?}");
            assert_eq!(response.headers().len(), 1, "{id:?}");
            assert_eq!(text(response).await, taken);
            let headers = HeaderMap::from_iter([(HeaderName::from_static(X_REQUEST_ID), header)]);
            let there = peer.extract(Context::new(), &headers);
            assert_eq!(there.get(&NAME).is_some(), expected, "{id:?}");
        }
        let here = Context::new().with_value(&NAME, id.clone());
        let mut message = Vec::new();
        members.inject(&here, &mut message);
        assert_eq!(!message.is_empty(), expected, "{id:?}");
        open.inject(&here, &mut message);
        let there = members.extract(Context::new(), &message);
        assert_eq!(there.get(&NAME).is_some(), expected, "{id:?}");
    }
    // No header can have one of the other control characters, so no server hands them to the layer.
    for control in (0..0x20).chain([0x7f]).filter(|byte| *byte != b'\t') {
        let header = HeaderValue::from_bytes(&[b'x', control, b'x']);
        assert!(header.is_err(), "{control}");
    }
}

/// Values that a client may send, and that a variable of a number must never accept. The first row is a request
/// without an id.
fn refused() -> Vec<Vec<Vec<u8>>> {
    let one = |bytes: &[u8]| vec![bytes.to_vec()];
    vec![
        vec![],
        one(b""),
        one(b" "),
        one(b"seven"),
        one(b"7 8"),
        one(b"7\t"),
        one(b"7\x80"),
        one(b"evil\tid"),
        one(b"\xff\xfe"),
        one("７".as_bytes()),
        one(b"99999999999999999999999"),
        one(&[b'0'; 129]),
        one(&[b'0'; 60_000]),
        vec![b"7".to_vec(), b"8".to_vec()],
        vec![b"7".to_vec(), b"7".to_vec()],
        vec![b"".to_vec(), b"7".to_vec()],
        one(b"7,8"),
        one(br#"7","admin":true"#),
    ]
}

#[tokio::test]
async fn missing_or_refused_id_is_made_once_per_request_and_nothing_is_left_of_a_refused_one() {
    let service = layer().layer(service_fn(ids_in));
    for (n, values) in refused().into_iter().enumerate() {
        let made = FIRST + n as u64;
        let headers = values.iter().map(|value| (X_REQUEST_ID, &**value));
        let response = ask(service.clone(), &headers.collect::<Vec<_>>()).await;
        let echoed: Vec<_> = response.headers().iter().collect();
        let name = HeaderName::from_static(X_REQUEST_ID);
        assert_eq!(echoed, [(&name, &HeaderValue::from(made))], "{values:?}");
        let seen = text(response).await;
        assert_eq!(seen, format!(r#"{made} ["{made}"]"#), "{values:?}");
    }
}

#[tokio::test]
async fn missing_or_refused_id_is_made_over_tcp_too() {
    let address = serve_root(ids, layer()).await;
    let mut made = FIRST;
    for protocol in Protocol::ALL {
        let client = protocol.client();
        // No server takes a header of 60,000 bytes; each protocol strips blanks at the ends.
        let can_be_sent = |value: &Vec<u8>| value.len() < 60_000 && value != b"7\t";
        let sent = refused().into_iter();
        for values in sent.filter(|values| values.iter().all(can_be_sent)) {
            let mut request = client.get(format!("http://{address}/"));
            for value in &values {
                request = request.header(X_REQUEST_ID, &**value);
            }
            let response = request.send().await.unwrap();
            let echoed: Vec<_> = response.headers().get_all(X_REQUEST_ID).iter().collect();
            assert_eq!(echoed, [&*made.to_string()], "{protocol:?} {values:?}");
            let seen = response.text().await.unwrap();
            assert_eq!(seen, format!(r#"{made} ["{made}"]"#), "{values:?}");
            made += 1;
        }
    }
}

/// A type whose text is not always what the client wrote, nor always fit for a header.
#[derive(Clone, Debug, PartialEq)]
struct Code(u32);

impl FromStr for Code {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        u32::from_str_radix(text, 16).map(Self)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("line\nbreak"),
            1 => Err(fmt::Error),
            code => write!(f, "{code:08x}"),
        }
    }
}

#[tokio::test]
async fn id_is_written_as_its_type_writes_it() {
    let layer = ContextLayer::new().request_id(&CODE, || Code(0));
    let service = layer.layer(respond_with(|request| {
        format!("{:?} {:?}", CODE.get(), request.headers().get(X_REQUEST_ID))
    }));
    let call = async |sent: &str| {
        let response = ask(service.clone(), &[(X_REQUEST_ID, sent.as_bytes())]).await;
        let echoed = response.headers().get(X_REQUEST_ID).cloned();
        (echoed, text(response).await)
    };
    let canonical = HeaderValue::from_static("00000abc");
    let seen = r#"Code(2748) Some("00000abc")"#;
    assert_eq!(call("00ABC").await, (Some(canonical), seen.into()));
    // One that no header can hold is in the context alone, and the refused one is nowhere.
    assert_eq!(call("refused").await, (None, "Code(0) None".into()));
    assert_eq!(call("1").await, (None, "Code(1) None".into()));
}

#[tokio::test]
async fn layers_of_tower_http_inside_see_the_id() {
    #[derive(Clone)]
    struct Never;
    impl MakeRequestId for Never {
        fn make_request_id<B>(&mut self, _: &Request<B>) -> Option<RequestId> {
            panic!("the id is there already");
        }
    }
    let handler = respond_with(|request| {
        let theirs = request.extensions().get::<RequestId>().unwrap();
        theirs.header_value().to_str().unwrap().to_owned()
    });
    let inner = SetRequestIdLayer::x_request_id(Never).layer(handler);
    let service = layer().layer(inner);
    let made = ask_text(service.clone(), &[(X_REQUEST_ID, b"bad id")]).await;
    assert_eq!(made, FIRST.to_string());
    assert_eq!(ask_text(service, &[(X_REQUEST_ID, b"7")]).await, "7");
}

#[tokio::test]
async fn made_id_can_use_what_was_set_before() {
    let layer = ContextLayer::new()
        .set(&NAME, |_| Some("front".into()))
        .request_id(&NAME, || format!("{}-1", NAME.get()));
    let handler = respond_with(|_| NAME.get());
    assert_eq!(ask_text(layer.layer(handler), &[]).await, "front-1");
}

#[tokio::test]
async fn response_has_the_id_that_the_service_has_set_last() {
    let cases: [(&[u64], &str); 4] = [
        (&[], "42"),
        (&[7], "7"),
        (&[7, 8, 9], "9"),
        (&[7, 42], "42"),
    ];
    for (ids, expected) in cases {
        let handler = respond_with(|_| {
            for id in ids {
                REQUEST_ID.set(*id);
            }
            String::new()
        });
        let response = ask(layer().layer(handler), &[(X_REQUEST_ID, b"42")]).await;
        assert_eq!(response.headers()[X_REQUEST_ID], expected, "{ids:?}");
    }
}

#[tokio::test]
async fn response_has_no_id_where_the_service_has_unset_it() {
    let handler = respond_with(|_| {
        REQUEST_ID.unset();
        String::new()
    });
    let response = ask(layer().layer(handler), &[(X_REQUEST_ID, b"42")]).await;
    assert!(!response.headers().contains_key(X_REQUEST_ID));
}

#[tokio::test]
async fn ids_of_one_layer_have_their_own_headers() {
    let header = HeaderName::from_static;
    let layer = layer()
        .request_id_header(header("x-name"), &NAME, || "made".into())
        .request_id_header(header("x-again"), &REQUEST_ID, || 5);
    let sent: &[(&str, &[u8])] = &[(X_REQUEST_ID, b"42"), ("x-name", b"alice")];
    let response = ask(layer.layer(service_fn(ids_in)), sent).await;
    let ids = [X_REQUEST_ID, "x-name", "x-again"].map(|name| &response.headers()[name]);
    // The last id of a variable is the one that it holds.
    assert_eq!(ids, ["5", "alice", "5"]);
}

#[tokio::test]
async fn text_of_an_id_is_made_once_unless_the_service_sets_another() {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let id = web::RequestId::with(
        &SHARED,
        || "made".into(),
        |id| {
            MADE.fetch_add(1, Ordering::Relaxed);
            Some(id.to_string())
        },
        |_| None,
    );
    let layer = ContextLayer::new().request_id_with(id);
    let handler = respond_with(|_| SHARED.get().to_string());
    let response = ask(layer.layer(handler), &[]).await;
    assert_eq!(response.headers()[X_REQUEST_ID], "made");
    assert_eq!(MADE.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn ids_of_one_variable_are_written_by_their_own_functions() {
    let of = |name, id, format: fn(&u64) -> Option<String>| {
        let header = HeaderName::from_static(name);
        web::RequestId::with(&REQUEST_ID, move || id, format, |_| None).header(header)
    };
    let decimal = |id: &u64| (*id != 7).then(|| format!("dec-{id}"));
    let hexadecimal = |id: &u64| Some(format!("hex-{id:x}"));
    let layer = ContextLayer::new()
        // Its own id cannot be a header, so the text of the second one is the first that is known.
        .request_id_with(of("x-dec", 7, decimal))
        .request_id_with(of("x-hex", 255, hexadecimal));
    let response = ask(layer.layer(service_fn(ids_in)), &[]).await;
    let ids = ["x-dec", "x-hex"].map(|name| &response.headers()[name]);
    assert_eq!(ids, ["dec-255", "hex-ff"]);
}

#[tokio::test(start_paused = true)]
async fn id_that_the_service_has_replaced_is_dropped_with_the_answer() {
    for answers in [Some(true), Some(false), None] {
        let first: Arc<str> = "made".into();
        let made = Arc::downgrade(&first);
        let first = Mutex::new(Some(first));
        let make = move || first.lock().unwrap().take().unwrap();
        let format = |id: &Arc<str>| Some(id.to_string());
        let id = web::RequestId::with(&SHARED, make, format, |_| None);
        let handler = service_fn(async |_: Request<String>| {
            SHARED.set("another".into());
            match answers {
                Some(true) => Ok(Response::new(String::new())),
                Some(false) => Err("failed"),
                None => pending().await,
            }
        });
        let layer = ContextLayer::new().request_id_with(id);
        let layer = layer.deadline(Duration::from_secs(1));
        let mut service = layer.layer(handler);
        // Pinned here, so that it is not dropped with the answer.
        let mut answer = pin!(service.call(get(&[])));
        let response = answer.as_mut().await;
        assert_eq!(response.is_ok(), answers != Some(false));
        assert!(made.upgrade().is_none(), "{answers:?}");
    }
}

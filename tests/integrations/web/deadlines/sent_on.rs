//! The remaining time in the requests of a client.

use std::time::Duration;

use context_vars::deadline;
use context_vars::propagation::Propagator;
use context_vars::web::{ContextLayer, InjectLayer, encode_grpc_timeout, grpc_timeout};
use http::{HeaderName, HeaderValue, Request};
use http_body_util::Empty;
use proptest::prelude::*;
use tower::{Layer, ServiceExt};

use super::ms;
use crate::support::{Protocol, ask, get, respond_with, sent, serve_root, text};

/// Returns the result of `grpc_timeout` for these headers.
fn decoded(values: &[&[u8]]) -> Option<Duration> {
    let headers: Vec<_> = values
        .iter()
        .map(|value| ("grpc-timeout", *value))
        .collect();
    grpc_timeout(&get(&headers).into_parts().0)
}

#[test]
fn well_formed_timeouts_are_read_and_no_others() {
    for (text, expected) in [
        ("1H", Duration::from_secs(3600)),
        ("2M", Duration::from_secs(120)),
        ("3S", Duration::from_secs(3)),
        ("4m", Duration::from_millis(4)),
        ("5u", Duration::from_micros(5)),
        ("6n", Duration::from_nanos(6)),
        ("0S", Duration::ZERO),
        ("00000001S", Duration::from_secs(1)),
        ("99999999H", Duration::from_secs(99_999_999 * 3600)),
    ] {
        assert_eq!(decoded(&[text.as_bytes()]), Some(expected), "{text}");
    }
    let short = [
        "", "S", "1", "1s", "1h", "1N", "1U", "+1S", "-1S", " 1S", "1 S", "1S ", "1.5S", "1SS",
        "1\u{b5}", "\u{661}S",
    ];
    for text in short.into_iter().chain(["000000001S", "123456789n"]) {
        assert_eq!(decoded(&[text.as_bytes()]), None, "{text}");
    }
    assert_eq!(decoded(&[]), None);
    assert_eq!(decoded(&[b"\xff"]), None);
    assert_eq!(decoded(&[b"1S", b"1S"]), None);
}

proptest! {
    #[test]
    fn written_timeouts_have_eight_digits_at_most_and_are_never_longer(
        seconds in prop_oneof![0_u64..100, any::<u64>()],
        nanoseconds in 0_u32..1_000_000_000,
    ) {
        let duration = Duration::new(seconds, nanoseconds);
        let value = encode_grpc_timeout(duration);
        prop_assert!(value.len() <= 9);
        let read = decoded(&[value.as_bytes()]).unwrap();
        prop_assert!(read <= duration);
        // Shorter by less than one in a hundred thousand, unless it is the longest there is.
        let longest = Duration::from_secs(99_999_999 * 3600);
        prop_assert!(read == longest || duration - read <= duration / 100_000);
    }
}

#[test]
fn ends_of_the_range_are_written() {
    for (duration, text) in [
        (Duration::ZERO, "0n"),
        (Duration::from_nanos(99_999_999), "99999999n"),
        (Duration::from_nanos(100_000_999), "100000u"),
        (Duration::MAX, "99999999H"),
    ] {
        assert_eq!(encode_grpc_timeout(duration), text);
    }
}

fn everywhere() -> InjectLayer {
    InjectLayer::new(Propagator::builder().build(), |_| true)
}

/// Returns the header that a client sends, in a request with 50 ms and in one without a limit.
async fn headers_sent(layer: InjectLayer, given: &[(&'static str, &[u8])]) -> [String; 2] {
    let client = layer.layer(respond_with(|request: Request<String>| {
        let values: Vec<_> = request.headers().values().collect();
        format!("{values:?}")
    }));
    let call = async || ask(client.clone(), given).await.into_body();
    let limited = deadline::timeout(ms(50), call()).await.unwrap();
    [limited, call().await]
}

#[tokio::test(start_paused = true)]
async fn time_left_is_sent_and_work_without_a_limit_sends_none() {
    let grpc = everywhere().grpc_timeout();
    let name = HeaderName::from_static("x-ms");
    let own = everywhere().deadline_header(name, |left| HeaderValue::from(left.as_millis() as u64));
    let nowhere = InjectLayer::new(Propagator::builder().build(), |_| false);
    let given: &[(_, &[u8])] = &[("x-ms", b"7")];
    for (what, layer, given, expected) in [
        ("grpc", grpc.clone(), &[][..], [r#"["50000000n"]"#, "[]"]),
        ("neither", everywhere(), &[], ["[]", "[]"]),
        ("own", own.clone(), &[], [r#"["50"]"#, "[]"]),
        ("given", own, given, [r#"["50"]"#, r#"["7"]"#]),
        ("nowhere", nowhere.grpc_timeout(), &[], ["[]", "[]"]),
    ] {
        assert_eq!(headers_sent(layer, given).await, expected, "{what}");
    }
    let over = deadline::timeout(Duration::ZERO, headers_sent(grpc, &[]));
    assert_eq!(over.await.unwrap()[0], r#"["0n"]"#);
}

#[tokio::test(start_paused = true)]
async fn shorter_of_two_grpc_timeouts_is_sent() {
    for (given, expected) in [("10m", "10m"), ("1S", "50000000n"), ("soon", "50000000n")] {
        let headers = [("grpc-timeout", given.as_bytes())];
        let sent = headers_sent(everywhere().grpc_timeout(), &headers).await;
        assert_eq!(sent, [format!("[{expected:?}]"), format!("[{given:?}]")]);
    }
}

#[tokio::test]
async fn second_server_has_no_more_time_than_the_first_has_left() {
    let left = async || deadline::time_left().unwrap().as_nanos().to_string();
    let back = serve_root(left, ContextLayer::new().deadline_from(grpc_timeout)).await;
    let front = async move || {
        let client = Protocol::Http1.hyper_client();
        let client = everywhere().grpc_timeout().layer(client);
        let request = Request::get(format!("http://{back}/")).body(Empty::new());
        let before = deadline::time_left().unwrap();
        let left = text(client.oneshot(request.unwrap()).await.unwrap()).await;
        (Duration::from_nanos(left.parse().unwrap()) < before).to_string()
    };
    let address = serve_root(front, ContextLayer::new().deadline(ms(60_000))).await;
    assert_eq!(sent(Protocol::Http1.get(address)).await, "true");
}

//! Variables that are sent back with the response.

use std::convert::Infallible;

use context_vars::web::ContextLayer;
use http::{HeaderName, HeaderValue, Request, Response};
use tower::{Layer, service_fn};

use super::{LANGUAGE, TENANT, TENANT_HEADER, who};
use crate::support::ask;

#[tokio::test]
async fn echo_sends_what_the_variable_is_in_the_end() {
    let handler = service_fn(async |_: Request<String>| {
        TENANT.set("set by the handler".into());
        let mut response = Response::new(String::new());
        let own = HeaderValue::from_static("the handler's own");
        response.headers_mut().append(TENANT_HEADER, own.clone());
        response.headers_mut().append(TENANT_HEADER, own);
        Ok::<_, Infallible>(response)
    });
    let layer = ContextLayer::new()
        .set(&TENANT, |_| Some("set by the layer".into()))
        .echo(TENANT_HEADER, &TENANT);
    let response = ask(layer.layer(handler), &[]).await;
    let all: Vec<_> = response.headers().get_all(TENANT_HEADER).iter().collect();
    assert_eq!(all, ["set by the handler"]);
}

#[tokio::test]
async fn echo_sends_a_default_and_nothing_where_there_is_none() {
    let layer = ContextLayer::new()
        .echo(TENANT_HEADER, &TENANT)
        .echo(HeaderName::from_static("content-language"), &LANGUAGE);
    let response = ask(layer.layer(service_fn(who)), &[]).await;
    assert_eq!(response.headers()["content-language"], "en");
    assert!(!response.headers().contains_key(TENANT_HEADER));
}

#[tokio::test]
async fn echo_sends_no_text_that_may_not_stand_in_a_header() {
    for bad in ["two\r\nx-admin: true", "\u{1b}[31m", "müller"] {
        let layer = ContextLayer::new()
            .set(&TENANT, move |_| Some(bad.to_owned()))
            .echo(TENANT_HEADER, &TENANT);
        let response = ask(layer.layer(service_fn(who)), &[]).await;
        assert!(response.headers().is_empty(), "{bad:?}");
    }
}

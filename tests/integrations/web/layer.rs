//! The values that the layer sets in a context, and the lifetime of the context.

use std::convert::Infallible;

use context_vars::context_var;
use context_vars::web::ContextLayer;
use http::request::Parts;
use http::{HeaderName, Request, Response};
use tower::{Layer, service_fn};

use crate::support::ask_text;

mod steps;
mod echo;
mod ways_out;
mod types;

context_var! {
    static USER: String = "anonymous".to_owned();
    static TENANT: String;
    static LANGUAGE: String = "en".to_owned();
    #[no_inherit]
    static CONNECTION: u32 = 0;
}

const TENANT_HEADER: HeaderName = HeaderName::from_static("x-tenant");

fn header(parts: &Parts, name: &str) -> Option<String> {
    Some(parts.headers.get(name)?.to_str().ok()?.to_owned())
}

async fn who(_: Request<String>) -> Result<Response<String>, Infallible> {
    let before = USER.get();
    tokio::task::yield_now().await;
    assert_eq!(before, USER.get());
    let tenant = TENANT.get_or("no tenant".into());
    Ok(Response::new(format!("{before} {tenant}")))
}

/// Returns who the handler inside a layer sees.
async fn who_inside(layer: ContextLayer, headers: &[(&'static str, &[u8])]) -> String {
    ask_text(layer.layer(service_fn(who)), headers).await
}

fn user_layer() -> ContextLayer {
    ContextLayer::new().set(&USER, |parts: &Parts| header(parts, "x-user"))
}

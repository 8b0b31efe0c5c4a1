//! Variables that are sent, their carriers, and those that are not sent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use context_vars::propagation::{Baggage, Builder, Extractor, Header, Propagator};
use context_vars::{Context, context_var};

mod listing;
mod carriers;
mod merging;
mod rejections;
mod unlisted;

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

/// Texts with odd characters, which every peer promises to carry in baggage.
pub const TEXTS: [&str; 12] = [
    "acme",
    "a b",
    "a+b",
    "a=b;c,d",
    "\"quoted\"",
    "back\\slash",
    "Müller & Söhne",
    "日本",
    "🦀",
    "~!*'()",
    "/path?q=1#x",
    "",
];

/// Members that some peer reads as those of the tenant.
const DISGUISED: [&str; 8] = [
    "ten%61nt=mallory",
    "%74enant=mallory",
    "%74%65%6E%61%6e%74=mallory",
    "tenant+=mallory",
    "+tenant=mallory",
    "+%20tenant%09=mallory",
    "tenant%C2%A0=mallory",
    "%1ftenant%1F=mallory",
];

/// Returns a propagator, and a function that returns the rejections since its last call.
pub fn reporting(builder: Builder) -> (Propagator, impl Fn() -> Vec<String>) {
    let rejections = Arc::new(Mutex::new(Vec::new()));
    let told = rejections.clone();
    let propagator = builder
        .on_rejection(move |rejection| told.lock().unwrap().push(rejection.to_string()))
        .build();
    (propagator, move || {
        std::mem::take(&mut *rejections.lock().unwrap())
    })
}

fn tenant_in_baggage() -> Builder {
    Propagator::builder().baggage(Baggage::new(&TENANT, "tenant"))
}

fn both() -> Propagator {
    tenant_in_baggage()
        .header(Header::new(&REQUEST_ID, "X-Request-Id"))
        .baggage(Baggage::new(&LOCALE, "locale"))
        .build()
}

/// Returns a context in which the tenant alone is set.
fn tenant(name: &str) -> Context {
    Context::new().with_value(&TENANT, name.to_owned())
}

fn sent(propagator: &Propagator, context: &Context) -> BTreeMap<String, String> {
    let mut carrier = BTreeMap::new();
    propagator.inject(context, &mut carrier);
    carrier
}

/// Returns the variables that a message sets, as text.
fn received(propagator: &Propagator, carrier: &dyn Extractor) -> String {
    format!("{:?}", propagator.extract(Context::new(), carrier))
}

fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    let entries = entries.iter();
    entries
        .map(|(k, v)| (k.to_string(), v.to_string()))
        .collect()
}

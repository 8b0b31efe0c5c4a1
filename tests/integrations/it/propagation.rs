//! Variables that are sent, their carriers, and those that are not sent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use context_vars::propagation::{Baggage, Builder, Header, Propagator};
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

/// The rejections that `on_rejection` has received.
pub type Rejections = Arc<Mutex<Vec<String>>>;

/// Collects the rejections of a propagator.
pub fn reporting(builder: Builder) -> (Propagator, Rejections) {
    let rejections = Rejections::default();
    let told = rejections.clone();
    let propagator = builder
        .on_rejection(move |rejection| told.lock().unwrap().push(rejection.to_string()))
        .build();
    (propagator, rejections)
}

pub fn taken(rejections: &Rejections) -> Vec<String> {
    std::mem::take(&mut rejections.lock().unwrap())
}

fn both() -> Propagator {
    Propagator::builder()
        .header(Header::new(&REQUEST_ID, "X-Request-Id"))
        .baggage(Baggage::new(&TENANT, "tenant"))
        .baggage(Baggage::new(&LOCALE, "locale"))
        .build()
}

fn sent(propagator: &Propagator, context: &Context) -> BTreeMap<String, String> {
    let mut carrier = BTreeMap::new();
    propagator.inject(context, &mut carrier);
    carrier
}

fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    let entries = entries.iter();
    entries
        .map(|(k, v)| (k.to_string(), v.to_string()))
        .collect()
}

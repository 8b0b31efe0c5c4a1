//! `cargo run --example json_logs`: one JSON object a line, each with its own request and user.
//!
//! Forty requests run at the same time, and each writes four lines: from an `async fn`, from a
//! library function that does not know about requests, from a spawned task, and from a blocking
//! closure. No function opens a span or passes an id on. One user has a name that tries to
//! forge a line; it stays a string. The tenant is a struct, and a line shows only its name. The
//! program reads its own log and checks every line.

use std::collections::HashMap;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use context_vars::logs::ContextFormat;
use context_vars::{Fields, context_var, inherit_context, with_context};
use serde_json::Value;

context_var! {
    static REQUEST_ID: u64;
    static USER: String = "anonymous".to_owned();
    static TENANT: Tenant;
    /// Is in the context, and in no log.
    #[redact]
    static SESSION: String;
}

/// Has no `Display` that is of use in a log, so the log gets a closure that formats it.
struct Tenant {
    name: &'static str,
    shard: u64,
}

fn tenant_of(request_id: u64) -> Tenant {
    let shard = request_id % 3;
    let name = ["north", "east", "south"][shard as usize];
    Tenant { name, shard }
}

const REQUESTS: u64 = 40;
const LINES_PER_REQUEST: usize = 4;

/// A user's name that looks like the end of a line and another line.
const FORGER: &str =
    "eve\n{\"level\":\"ERROR\",\"fields\":{\"message\":\"forged\"}}\",\"admin\":true";

fn user_of(request_id: u64) -> String {
    match request_id % 4 {
        0 => FORGER.to_owned(),
        n => ["alice", "bob", "carol"][n as usize - 1].to_owned(),
    }
}

#[with_context(request_id = id, user = user_of(id), tenant = tenant_of(id), session = format!("session {id}"))]
async fn handle(id: u64) {
    tracing::info!(items = 3, "accepted");
    tokio::task::yield_now().await;
    library::check_stock();
    delegate().await;
}

#[inherit_context]
async fn delegate() {
    let mail = tokio::spawn(async { tracing::info!("mail sent") });
    let invoice = tokio::task::spawn_blocking(|| tracing::warn!("printer is slow"));
    let _ = tokio::join!(mail, invoice);
}

mod library {
    pub fn check_stock() {
        tracing::debug!(shelf = "A7", "looked at the shelf");
    }
}

/// Standard output, and a copy to check.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        io::stdout().write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the number of lines that are wrong or missing.
fn wrong_lines(log: &str) -> usize {
    let mut lines_of: HashMap<u64, usize> = HashMap::new();
    let mut wrong = 0;
    for line in log.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_default();
        let context = &event["context"];
        let id = context["request_id"].as_u64().unwrap_or(REQUESTS);
        *lines_of.entry(id).or_default() += 1;
        let right = id < REQUESTS
            && context["user"] == user_of(id).as_str()
            && context["tenant"] == format!("{}/{}", tenant_of(id).name, id % 3)
            && context["session"] == "***"
            && event.as_object().is_some_and(|event| event.len() == 5);
        wrong += usize::from(!right);
    }
    let incomplete = |id| lines_of.get(&id) != Some(&LINES_PER_REQUEST);
    wrong + (0..REQUESTS).filter(|&id| incomplete(id)).count()
}

#[tokio::main]
async fn main() -> ExitCode {
    let log = Log::default();
    let writer = log.clone();
    let fields = Fields::all().render(&TENANT, |tenant, out| {
        write!(out, "{}/{}", tenant.name, tenant.shard)
    });
    tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::DEBUG)
        .map_event_format(|format| ContextFormat::new(format).fields(fields))
        .with_writer(move || writer.clone())
        .init();

    futures::future::join_all((0..REQUESTS).map(handle)).await;

    let log = log.0.lock().unwrap();
    let log = String::from_utf8_lossy(&log);
    let (lines, wrong) = (log.lines().count(), wrong_lines(&log));
    println!("{REQUESTS} requests, {lines} lines of JSON, {wrong} wrong");
    let whole = lines == REQUESTS as usize * LINES_PER_REQUEST;
    ExitCode::from(u8::from(wrong > 0 || !whole))
}

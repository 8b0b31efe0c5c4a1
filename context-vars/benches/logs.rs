//! The cost of two variables in each log line, compared with a span with the same fields.
//!
//! `cargo bench -p context-vars --features tracing --bench logs` prints, for text and for JSON, how
//! much more a request costs than its bare events: with variables, one scope that sets both; with
//! `tracing` alone, one span that has both as fields. A request writes one line, or ten. The bound is
//! 0.9 of the span's cost in text, and 0.5 in JSON.
//!
//! The three ways take turns in short rounds, and the fastest round of each counts.

use std::hint::black_box;
use std::io;
use std::time::Instant;

use context_vars::logs::ContextFormat;
use context_vars::{context_var, with_context};
use tracing::subscriber::{DefaultGuard, set_default};

context_var! {
    static REQUEST_ID: u64;
    static USER: String;
}

/// The number of lines in a round, small enough that many rounds are not interrupted.
const LINES: u32 = 500;
const ROUNDS: usize = 2_000;

fn events(lines: u32) {
    for line in 0..lines {
        tracing::info!(line, "accepted");
    }
}

fn bare(lines: u32) {
    events(lines);
}

#[with_context(request_id = black_box(7), user = black_box("alice").to_owned())]
fn variables(lines: u32) {
    events(lines);
}

fn span(lines: u32) {
    let user = black_box("alice").to_owned();
    let _entered = tracing::info_span!("request", request_id = black_box(7_u64), user).entered();
    events(lines);
}

/// Returns the nanoseconds of one request in a round.
fn round(request: fn(u32), lines: u32) -> f64 {
    let start = Instant::now();
    let requests = LINES / lines;
    for _ in 0..requests {
        request(black_box(lines));
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(requests)
}

/// A way to write lines: its subscriber, and its request.
type Way = (fn() -> DefaultGuard, fn(u32));

macro_rules! subscriber {
    ($($how:tt)*) => {
        || {
            let builder = tracing_subscriber::fmt().with_ansi(false).with_writer(io::sink);
            set_default(builder $($how)* .finish())
        }
    };
}

fn compare(format: &str, most: f64, ways: [Way; 3]) {
    for lines in [1, 10] {
        let mut fastest = [f64::INFINITY; 3];
        for _ in 0..ROUNDS {
            for (fastest, (subscriber, request)) in fastest.iter_mut().zip(&ways) {
                let _default = subscriber();
                *fastest = fastest.min(round(*request, lines));
            }
        }
        let [bare, variables, span] = fastest;
        let (variables, span) = (variables - bare, span - bare);
        let ratio = variables / span;
        let asked = if ratio <= most {
            "as asked for"
        } else {
            "MORE THAN ASKED FOR"
        };
        println!(
            "{format:<5} {lines:>5} {bare:>10.0} {variables:>+12.0} {span:>+10.0} {ratio:>8.2}  at most {most}: {asked}"
        );
    }
}

fn main() {
    println!("ns    lines       bare    variables       span    ratio");
    let text: fn() -> DefaultGuard = subscriber!();
    compare(
        "text",
        0.9,
        [
            (text, bare),
            (
                subscriber!(.map_event_format(ContextFormat::new)),
                variables,
            ),
            (text, span),
        ],
    );
    let json: fn() -> DefaultGuard = subscriber!(.json());
    compare(
        "JSON",
        0.5,
        [
            (json, bare),
            (
                subscriber!(.json().map_event_format(ContextFormat::new)),
                variables,
            ),
            (json, span),
        ],
    );
}

//! Serves thousands of requests, of which many go wrong, and checks that nothing is left behind.
//!
//! ```text
//! cargo run --release -p context-vars-soak -- --requests 100000
//! ```
//!
//! The requests come in ten rounds, each on its own runtimes, and the server's is shut down
//! while requests are on their way. A request is one of [`Kind`]s: handlers that panic, tasks
//! that are aborted, clients that vanish, timeouts, values whose `Drop` panics. Everything a
//! request touches compares the values of the context with those that were passed by hand.
//!
//! At the end no value may have been read under the wrong request, every value must have been
//! dropped, no thread may have been left with a foreign context, and the live bytes after the
//! last round must be those after the first, within 1 % or 64 KiB.

mod allocator;
mod client;
mod handlers;
mod server;
mod tally;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use crate::handlers::Kind;
use crate::tally::Tally;

/// The number of times that the server is started and shut down.
const ROUNDS: u64 = 10;
/// By how much live bytes may differ, as a share and in bytes: the larger counts.
const SHARE: f64 = 0.01;
const BYTES: i64 = 64 << 10;

fn main() -> ExitCode {
    let requests = requests();
    // A handler that panics says so thousands of times.
    std::panic::set_hook(Box::new(tally::count_unexpected_panics));
    let (tally, began) = (Arc::new(Tally::default()), Instant::now());
    let mut live = Vec::new();
    for round in 0..ROUNDS {
        let (first, last) = (requests * round / ROUNDS, requests * (round + 1) / ROUNDS);
        run_round(&tally, first..last);
        live.push(allocator::live_bytes());
    }
    report(&tally, requests, &live, began);
    let failures = failures(&tally, requests, &live);
    for failure in &failures {
        eprintln!("soak: FAILED: {failure}");
    }
    ExitCode::from(u8::from(!failures.is_empty()))
}

fn requests() -> u64 {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => 5_000,
        ["--requests", number] => {
            let number = number.replace('_', "").parse();
            number.expect("--requests wants a number")
        }
        _ => panic!("there is only `--requests NUMBER`"),
    }
}

/// Starts a server, sends it requests, and shuts it down while the last of them are served.
fn run_round(tally: &Arc<Tally>, requests: std::ops::Range<u64>) {
    let server = server::Server::start(tally);
    client::send(tally, server.address(), requests, || server.shut_down());
    tally.round_ended();
}

fn report(tally: &Tally, requests: u64, live: &[i64], began: Instant) {
    let kinds = Kind::ALL.map(|kind| format!("{} {kind:?}", tally.answered(kind)));
    println!(
        "soak: {requests} requests in {} rounds and {:.1} s: {}; {} cut short",
        ROUNDS,
        began.elapsed().as_secs_f64(),
        kinds.join(", "),
        tally.cut_short(),
    );
    println!(
        "soak: {} readings, {} under the wrong request; {} values made, {} alive; {} looks at \
         threads between tasks, {} with a foreign context; {} unexpected panics",
        tally.readings(),
        tally.wrong(),
        tally.made(),
        tally.alive(),
        tally.looks(),
        tally.foreign(),
        tally::unexpected_panics(),
    );
    println!(
        "soak: live bytes after a tenth {}, at the end {} ({:+})",
        live[0],
        live[live.len() - 1],
        live[live.len() - 1] - live[0],
    );
}

/// Returns the failures as text.
fn failures(tally: &Tally, requests: u64, live: &[i64]) -> Vec<&'static str> {
    let (first, last) = (live[0], live[live.len() - 1]);
    let allowed = BYTES.max((first as f64 * SHARE) as i64);
    let panics = tally::unexpected_panics();
    let all_answered = Kind::ALL.iter().all(|&kind| tally.answered(kind) > 0);
    let checks = [
        (
            tally.wrong() == 0,
            "a value was read under the wrong request",
        ),
        (tally.alive() == 0, "a value was not dropped"),
        (
            tally.foreign() == 0,
            "a thread was left with a foreign context",
        ),
        (panics == 0, "something panicked that should not"),
        (
            (last - first).abs() <= allowed,
            "the live bytes have changed",
        ),
        (tally.sent() == requests, "not every request was sent"),
        // The run is worth nothing if the faults did not happen.
        (tally.readings() > requests, "hardly anything was read"),
        (tally.looks() > ROUNDS, "hardly any thread was looked at"),
        (
            tally.cut_short() > 0,
            "no request was cut short by a shutdown",
        ),
        (all_answered, "a kind never came to its end"),
    ];
    let failed = checks.iter().filter(|(holds, _)| !holds);
    failed.map(|(_, failure)| *failure).collect()
}

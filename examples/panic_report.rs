//! `cargo run --example panic_report`: a panic and an error say for whom they happened.
//!
//! A worker pool handles orders, of which one panics deep inside and one fails. The report of the
//! panic begins with the context of the thread that panicked, with the password as stars. The error
//! carries the context in which it was created. The program runs itself as a child process and reads
//! what the child writes to standard error.

use std::error::Error;
use std::fmt;
use std::process::{Command, ExitCode};

use context_vars::{Context, context_var, panic, thread, with_context};

context_var! {
    static ORDER: u64;
    static USER: String;
    #[redact]
    static PASSWORD: String;
}

/// An error that carries the context in which it was created.
#[derive(Debug)]
struct OrderError {
    what: &'static str,
    context: Context,
}

impl OrderError {
    fn new(what: &'static str) -> Self {
        let context = Context::current();
        Self { what, context }
    }
}

impl fmt::Display for OrderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.what, self.context)
    }
}

impl Error for OrderError {}

#[with_context(order = order, user = user.to_owned(), password = "hunter2".to_owned())]
fn handle(order: u64, user: &str) -> Result<(), OrderError> {
    let worker = thread::spawn(move || ship(order));
    worker
        .join()
        .unwrap_or_else(|_| Err(OrderError::new("the worker panicked")))
}

fn ship(order: u64) -> Result<(), OrderError> {
    match order {
        1 => Ok(()),
        2 => Err(OrderError::new("out of stock")),
        _ => panic!("no such shelf"),
    }
}

/// Runs in the child process.
fn shop() {
    panic::install_hook();
    for (order, user) in [(1, "alice"), (2, "bob"), (3, "eve\nadmin")] {
        match handle(order, user) {
            Ok(()) => eprintln!("order {order}: shipped"),
            Err(error) => eprintln!("order {order}: {error}"),
        }
    }
}

const EXPECTED: [&str; 6] = [
    "order 1: shipped",
    r#"order 2: out of stock (order=2 password=*** user="bob")"#,
    r#"context of the panic: order=3 password=*** user="eve\nadmin""#,
    "thread '<unnamed>' ", // and so on: the standard library's own report
    "no such shelf",
    r#"order 3: the worker panicked (order=3 password=*** user="eve\nadmin")"#,
];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    if std::env::args().nth(1).as_deref() == Some("shop") {
        shop();
        return Ok(ExitCode::SUCCESS);
    }
    let mut child = Command::new(std::env::current_exe()?);
    let output = child.arg("shop").env("RUST_BACKTRACE", "0").output()?;
    let report = String::from_utf8(output.stderr)?;
    print!("{report}");
    let lines = report
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("note:"));
    let lines: Vec<_> = lines.collect();
    let pairs = lines.iter().zip(EXPECTED);
    let wrong = pairs
        .filter(|(line, expected)| !line.starts_with(expected))
        .count()
        + lines.len().abs_diff(EXPECTED.len())
        + report.matches("hunter2").count();
    println!("3 orders, {wrong} lines wrong");
    Ok(ExitCode::from(u8::from(wrong > 0)))
}

//! The report of a panic, tested in a separate process because the hook belongs to the process.

use std::fmt;
use std::panic::catch_unwind;
use std::sync::Mutex;

use context_vars::{context_var, panic};

use crate::fields::{HOSTILE, is_one_line};
use crate::support::{OnDrop, run_alone};

context_var! {
    static REQUEST_ID: u64;
    static USER: String;
    #[redact]
    static PASSWORD: &'static str;
    static SHOWN: Shown;
}

/// Is shown by a function, which may do anything.
struct Shown(fn(&mut fmt::Formatter<'_>) -> fmt::Result);

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0)(f)
    }
}

static LOCK: Mutex<u32> = Mutex::new(0);

const CASE: &str = "CONTEXT_VARS_PANIC_CASE";

/// The lines that a case writes to standard error, up to the end of the panic's own report.
fn report(case: &str) -> Vec<String> {
    let text = run_alone("panics::case", CASE, case);
    let lines = text.lines().filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

/// Not a test by itself: what the process of a case does.
#[test]
fn case() {
    let Ok(case) = std::env::var(CASE) else {
        return;
    };
    std::panic::set_hook(Box::new(|info| {
        let text = info.payload_as_str().unwrap_or("no text");
        eprintln!("previous hook: {text}");
    }));
    if case == "late" {
        assert!(catch_unwind(install_while_panicking).is_err());
    }
    panic::install_hook();
    panic::install_hook();
    let caught = catch_unwind(|| match case.as_str() {
        "two" => REQUEST_ID.sync_scope(7, || USER.sync_scope("alice".into(), || panic!("two"))),
        "none" => panic!("none"),
        "late" => REQUEST_ID.sync_scope(7, || panic!("late")),
        "redacted" => PASSWORD.sync_scope("secret", || panic!("redacted")),
        "thread" => USER.sync_scope("alice".into(), || {
            let worker = context_vars::thread::spawn(|| panic!("in a thread"));
            std::panic::resume_unwind(worker.join().unwrap_err())
        }),
        "nested" => {
            let nested = Shown(|f| write!(f, "<{}>", context_vars::fields()));
            SHOWN.sync_scope(nested, || panic!("nested"))
        }
        "bomb" => SHOWN.sync_scope(Shown(|_| panic!("in Debug")), || panic!("first")),
        "locked" => {
            let waits = Shown(|f| write!(f, "{:?}", LOCK.lock().is_ok()));
            SHOWN.sync_scope(waits, || {
                let _held = LOCK.lock().unwrap();
                panic!("with a lock");
            })
        }
        hostile => USER.sync_scope(HOSTILE[hostile.parse::<usize>().unwrap()].into(), || {
            panic!("hostile")
        }),
    });
    assert!(caught.is_err(), "the panic unwinds as ever");
}

/// Installs the hook where that panics, and nothing is installed.
fn install_while_panicking() {
    let _install = OnDrop(|| assert!(catch_unwind(panic::install_hook).is_err()));
    panic!("first");
}

#[test]
fn context_comes_before_the_previous_hook_s_report_once() {
    for (case, context, text) in [
        ("two", "request_id=7 user=\"alice\"", "two"),
        ("redacted", "password=***", "redacted"),
        // A thread has its own context.
        ("thread", "user=\"alice\"", "in a thread"),
        // A value is formatted in an empty context.
        ("nested", "shown=<>", "nested"),
        // A value that waits for the panicking thread does not hang.
        ("locked", "(a value takes too long to show)", "with a lock"),
    ] {
        let context = format!("context of the panic: {context}");
        let expected = [context, format!("previous hook: {text}")];
        assert_eq!(report(case), expected, "{case}");
    }
    assert_eq!(report("none"), ["previous hook: none"]);
    // A value that panics when it is shown does not abort.
    assert_eq!(
        report("bomb"),
        [
            "previous hook: in Debug",
            "context of the panic: (a value panics when shown)",
            "previous hook: first"
        ]
    );
}

#[test]
fn hook_that_could_not_be_installed_can_be_later() {
    let lines = report("late");
    let last = lines.len() - 2;
    assert_eq!(
        lines[last..],
        ["context of the panic: request_id=7", "previous hook: late"]
    );
}

#[test]
fn hostile_values_keep_one_line() {
    for case in 0..HOSTILE.len() {
        let lines = report(&case.to_string());
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("context of the panic: user=\"") && is_one_line(&lines[0]));
    }
}

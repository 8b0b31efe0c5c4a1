//! Bytes are a program over context variables; it must do what the model says.

#![no_main]

use context_vars_model::{Program, hush_expected_panics, run};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: init(), |bytes: &[u8]| {
    run(&Program::decode(bytes));
});

/// libFuzzer's hook aborts at every panic, also at one that the program is to catch.
fn init() {
    std::panic::set_hook(Box::new(|info| eprintln!("{info}")));
    hush_expected_panics();
}

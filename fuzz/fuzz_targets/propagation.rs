//! Bytes are the headers of a message; whatever they are, nothing panics and nothing unsound is
//! accepted.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/integrations/it/messages.rs"]
mod messages;

fuzz_target!(|bytes: &[u8]| messages::check(bytes));

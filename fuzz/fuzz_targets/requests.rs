//! Bytes are the headers of a request; whatever they are, it gets the ids that are promised and
//! nothing unsound.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/integrations/web/requests.rs"]
mod requests;

fuzz_target!(|bytes: &[u8]| requests::check(bytes));

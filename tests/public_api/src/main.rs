//! Prints the public items of a crate, a line each, from the JSON that a nightly rustdoc makes.
//!
//! Left out are the implementations that every type has or derives, except for the auto traits,
//! which are promises.

use std::process::ExitCode;

use public_api::Builder;

fn main() -> ExitCode {
    let Some(json) = std::env::args_os().nth(1) else {
        eprintln!("public-api: which file? Give the path of rustdoc's JSON.");
        return ExitCode::FAILURE;
    };
    let api = Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .build();
    match api {
        Ok(api) => {
            println!("{api}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("public-api: {error}");
            ExitCode::FAILURE
        }
    }
}

//! `context-vars` with the libraries that people use, one module a subject.

#[path = "../support/mod.rs"]
mod support;

mod fields;
mod propagation;
mod broken_input;
mod messages;
mod corpus;
mod opentelemetry;
mod tracing_lines;
mod log_lines;
mod deadlines;
mod panics;
mod no_companion;
mod single_flight;
mod ports;

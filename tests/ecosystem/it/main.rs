//! `context-vars` with the libraries that people use, one module a subject.

mod fields;
mod propagation;
mod broken_input;
mod opentelemetry;

//! Contexts of HTTP requests: axum, hyper, tonic, reqwest, over TCP on 127.0.0.1.
//!
//! One module a subject; a test's name is its claim. Rules (`R15`) are those of the design.

#[path = "../support/mod.rs"]
mod shared;
mod support;

mod layer;
mod order_of_layers;
mod auto_traits;
mod request_ids;
mod requests;
mod corpus;
mod bodies;
mod servers;
mod grpc;
mod load;
mod wire;
mod deadlines;
mod service;

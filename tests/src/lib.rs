//! Holder of the tests of behaviour in `it/`.

#[cfg(doctest)]
#[doc = include_str!("../../ARCHITECTURE.md")]
struct Architecture;

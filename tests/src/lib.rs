//! Holder of the integration tests in `it/` and `ui/`.

#[cfg(doctest)]
#[doc = include_str!("../../ARCHITECTURE.md")]
struct Architecture;

//! Holder of the integration tests in `it/` and `ui/`.

//! The tests of HTTP are in `tests/it`.

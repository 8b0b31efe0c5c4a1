//! Long explanations, compiled with the documentation.

#[doc = include_str!("design.md")]
pub mod design {}

//! Tests that read the repository's text: its sources, its pages, its map of cases.

mod layers;
mod pages;
mod cases;

//! What reads the repository's own text: its sources, its pages, its map of cases.

mod layers;
mod pages;
mod cases;

//! Serving as a whole: swaps under load, online updates through records, served against offline scores.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod online;
mod planted;
mod swap;

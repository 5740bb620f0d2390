//! The connectors as a job uses them: over a real broker, real files, and a clock that the test holds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod files;
mod generated;
mod support;
mod topics;

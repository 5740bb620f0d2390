//! Whole jobs: under the seeded simulation with crashes, and on threads.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod checkpoints;
mod idle;
mod lateness;
mod simulation;
mod support;
mod threads;

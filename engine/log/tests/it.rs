//! The log's promises, each against real or simulated storage.
//!
//! * Storage is simulated wherever a crash matters; no test sleeps or reads a clock.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails, its helpers too"
)]

#[path = "it/support.rs"]
mod support;

#[path = "it/codecs.rs"]
mod codecs;
#[path = "it/compaction.rs"]
mod compaction;
#[path = "it/golden.rs"]
mod golden;
#[path = "it/hostile.rs"]
mod hostile;
#[path = "it/idempotence.rs"]
mod idempotence;
#[path = "it/model.rs"]
mod model;
#[path = "it/reading.rs"]
mod reading;
#[path = "it/recovery.rs"]
mod recovery;
#[path = "it/retention.rs"]
mod retention;
#[path = "it/simulation.rs"]
mod simulation;

//! Where rows go: one writer per subtask, with the two steps that a checkpoint needs.
//!
//! * [`Sink::prepare`] makes everything written so far recoverable; [`Sink::commit`] makes it visible, and comes only
//!   after the checkpoint's manifest is durable.
//! * Commits are repeated after a restart, so they must be idempotent.
//! * A sink that writes through at once and ignores both is at-least-once.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{BoxError, ChangeBatch, Gauges};

/// Number of a checkpoint of a job; each later one is larger, also across restarts.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct CheckpointId(u64);

impl CheckpointId {
    /// Makes a checkpoint's number.
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// The number itself.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for CheckpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a sink failed. It fails its job.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// Rows could not be written.
    #[error("cannot write to `{table}`")]
    Write {
        /// What the user calls it.
        table: String,
        /// What the connector said.
        source: BoxError,
    },
    /// Written rows could not be made recoverable or visible.
    #[error("cannot commit checkpoint {checkpoint} to `{table}`")]
    Commit {
        /// What the user calls it.
        table: String,
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// What the connector said.
        source: BoxError,
    },
    /// The sink takes insertions only.
    #[error("`{table}` takes insertions only, and got `{kind}`")]
    Retraction {
        /// What the user calls it.
        table: String,
        /// What came.
        kind: crate::RowKind,
    },
}

/// One subtask's writer.
pub trait Sink: Send {
    /// Takes rows. May block for as long as the outside takes: that is backpressure.
    fn write(&mut self, batch: &ChangeBatch) -> Result<(), SinkError>;

    /// Makes everything written so far recoverable, and returns what is needed to commit it after a restart.
    /// Also called once more after the last row of a bounded job.
    fn prepare(&mut self, _checkpoint: CheckpointId) -> Result<Vec<u8>, SinkError> {
        Ok(Vec::new())
    }

    /// The checkpoint is durable: makes everything prepared at or before it visible.
    fn commit(&mut self, _checkpoint: CheckpointId) -> Result<(), SinkError> {
        Ok(())
    }

    /// Takes what `prepare` returned in the restored checkpoint (several, or none, if the parallelism changed), and
    /// commits it once more.
    fn restore(&mut self, _prepared: Vec<Vec<u8>>) -> Result<(), SinkError> {
        Ok(())
    }

    /// Numbers to show.
    fn gauges(&self) -> Gauges {
        Gauges::default()
    }
}

//! What a step of a job is: a synchronous state machine, fed with batches and watermarks.
//!
//! * An operator never reads a clock, blocks, spawns or does I/O: the same inputs in the same order give the same
//!   outputs, which is what makes replay after a crash and the simulation exact.
//! * Everything that must survive a restart is in [`Operator::snapshot`].
//! * State is cut by key group (a row's group comes from the pinned hash of its key), so that it can move between
//!   subtasks when the parallelism changes.

use std::{error::Error, mem};

use arrow::error::ArrowError;
use pancake_types::Watermark;
use serde::{Deserialize, Serialize};

use crate::{BatchError, ChangeBatch};

/// Any error of a part that this crate does not know, such as an expression's.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Why an operator failed. It fails its job.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// Arrow refused.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
    /// Rows and operations did not fit together.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// An expression could not be evaluated.
    #[error("cannot evaluate `{expression}`")]
    Evaluate {
        /// The expression, as the user wrote it if known.
        expression: String,
        /// What the evaluator said.
        source: BoxError,
    },
    /// The input has no such column, or one of another type.
    #[error("column {index} is {found}, not {expected}")]
    Column {
        /// Index of the column.
        index: usize,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// An aggregate left the range of its type.
    #[error("{function} does not fit into {data_type}")]
    Overflow {
        /// The aggregate.
        function: &'static str,
        /// Type of its result.
        data_type: String,
    },
    /// Windows of such a length cannot be cut into steps of such a length.
    #[error("windows of {size_ms} ms cannot be cut into steps of {step_ms} ms")]
    Window {
        /// Length of a window.
        size_ms: i64,
        /// From one window to the next.
        step_ms: i64,
    },
    /// The operator cannot take a retraction (`-U` or `-D`).
    #[error("{operator} takes insertions only, and got `{kind}`")]
    Retraction {
        /// The operator.
        operator: &'static str,
        /// What came.
        kind: crate::RowKind,
    },
    /// Snapshot bytes that this operator did not write.
    #[error("state of {operator} cannot be read: {reason}")]
    State {
        /// The operator.
        operator: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// A snapshot: bytes by key group, and bytes that belong to the subtask as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperatorState {
    /// Keyed state: key group and its bytes, at most one entry per group. Groups move when the parallelism changes.
    pub keyed: Vec<(u16, Vec<u8>)>,
    /// State without a key; on restore, old subtask *i* of *n* goes to new subtask *i* mod its parallelism.
    pub plain: Vec<Vec<u8>>,
}

/// Numbers that a source, operator or sink shows about itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gauges {
    /// Windows that have rows and are not final yet.
    pub windows_open: u64,
    /// Rows that came after their window was final, since the job's first start.
    pub late_rows: u64,
    /// Bytes of state held, roughly.
    pub state_bytes: u64,
    /// Keys held in state.
    pub keys: u64,
    /// Rows that could not be read and were skipped (malformed JSON …).
    pub skipped_rows: u64,
    /// Rows that wait in the source's input, as far as it knows.
    pub backlog_rows: u64,
    /// How far a row was behind the largest event time before it, at most, in milliseconds; kept by the runtime.
    pub lateness_max_ms: u64,
}

impl Gauges {
    /// Both together: sums, and the larger lateness.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            windows_open: self.windows_open + other.windows_open,
            late_rows: self.late_rows + other.late_rows,
            state_bytes: self.state_bytes + other.state_bytes,
            keys: self.keys + other.keys,
            skipped_rows: self.skipped_rows + other.skipped_rows,
            backlog_rows: self.backlog_rows + other.backlog_rows,
            lateness_max_ms: if self.lateness_max_ms > other.lateness_max_ms {
                self.lateness_max_ms
            } else {
                other.lateness_max_ms
            },
        }
    }
}

/// What an operator hands on, in order. Collected while it runs, delivered after it returns.
#[derive(Debug, Default)]
pub struct Output {
    emitted: Vec<Emitted>,
}

/// One thing that was handed on.
#[derive(Debug)]
pub(crate) enum Emitted {
    Data(ChangeBatch),
    Watermark(Watermark),
}

impl Output {
    /// An empty output; tests of operators make one, jobs get theirs from the runtime.
    pub const fn new() -> Self {
        Self { emitted: Vec::new() }
    }

    /// Hands rows on. Batches without rows are dropped.
    pub fn emit(&mut self, batch: impl Into<ChangeBatch>) {
        let batch = batch.into();
        if !batch.is_empty() {
            self.emitted.push(Emitted::Data(batch));
        }
    }

    /// Hands a watermark on, after everything emitted so far.
    pub fn emit_watermark(&mut self, mark: Watermark) {
        self.emitted.push(Emitted::Watermark(mark));
    }

    /// Takes the batches emitted so far and forgets the watermarks: how tests look at an operator.
    pub fn take_batches(&mut self) -> Vec<ChangeBatch> {
        let batches =
            mem::take(&mut self.emitted).into_iter().filter_map(|emitted| match emitted {
                Emitted::Data(batch) => Some(batch),
                Emitted::Watermark(_) => None,
            });
        batches.collect()
    }

    pub(crate) fn take(&mut self) -> Vec<Emitted> {
        mem::take(&mut self.emitted)
    }
}

/// One subtask's part of a step: filter, projection, window, aggregate …
///
/// Calls come from one thread at a time, in this order: `restore` at most once, then any mix of `on_batch`,
/// `on_watermark`, `snapshot` and `gauges`, then `on_end` once if the input is bounded.
pub trait Operator: Send {
    /// Takes rows of an input (numbered as in the graph's edges, from 0).
    fn on_batch(
        &mut self,
        input: usize,
        batch: ChangeBatch,
        out: &mut Output,
    ) -> Result<(), OperatorError>;

    /// Takes the watermark of all inputs together; it only grows. Must hand a watermark on, after the rows that it made
    /// final; the default hands on the same one.
    fn on_watermark(&mut self, mark: Watermark, out: &mut Output) -> Result<(), OperatorError> {
        out.emit_watermark(mark);
        Ok(())
    }

    /// All inputs have ended ([`Watermark::MAX`] came before); the last chance to emit.
    fn on_end(&mut self, _out: &mut Output) -> Result<(), OperatorError> {
        Ok(())
    }

    /// Everything that must survive a restart. The operator goes on afterwards as if nothing had happened.
    fn snapshot(&mut self) -> Result<OperatorState, OperatorError> {
        Ok(OperatorState::default())
    }

    /// Takes back the key groups of this subtask and its share of plain state, before the first row.
    fn restore(&mut self, _state: OperatorState) -> Result<(), OperatorError> {
        Ok(())
    }

    /// Numbers to show.
    fn gauges(&self) -> Gauges {
        Gauges::default()
    }
}

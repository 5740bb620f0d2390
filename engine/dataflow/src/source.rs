//! Where rows come from: one reader per subtask, each over its own splits (a topic's partition, a file).
//!
//! * A source never blocks and never polls: with nothing to read it returns [`Polled::Pending`] and calls its
//!   [`Waker`] when there is something again.
//! * Rows name their split, because event time is tracked per split: a slow partition must hold the watermark back.
//! * A split belongs to exactly one subtask; [`crate::SubtaskContext::owns`] is the rule, also after a restore at
//!   another parallelism.
//! * The watermark and idle state of each split are kept by the runtime, beside the position that the source gives.

use std::{fmt, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{BoxError, ChangeBatch, Gauges, sink::CheckpointId};

/// Name of a split, unique within its source: `orders-0`, a file's path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SplitId(Arc<str>);

impl SplitId {
    /// Names a split.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SplitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far a split has been read, in the source's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitState {
    /// The split.
    pub split: SplitId,
    /// The position, as the source wrote it: after restore, reading goes on with the first row not emitted yet.
    pub position: Vec<u8>,
}

/// Why a source failed. It fails its job.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A split cannot be read.
    #[error("cannot read `{split}`")]
    Read {
        /// The split.
        split: SplitId,
        /// What the connector said.
        source: BoxError,
    },
    /// The source could not be opened, or its splits not be found.
    #[error("cannot open `{table}`")]
    Open {
        /// What the user calls it.
        table: String,
        /// What the connector said.
        source: BoxError,
    },
    /// A row that cannot be decoded, where the table's options say that this is an error.
    #[error("cannot decode row {row} of `{split}`")]
    Decode {
        /// The split.
        split: SplitId,
        /// Its offset or line.
        row: u64,
        /// What the decoder said.
        source: BoxError,
    },
    /// A position that this source did not write.
    #[error("position of `{split}` cannot be restored")]
    Position {
        /// The split.
        split: SplitId,
    },
}

/// Wakes a source's subtask: cheap, may be called from any thread at any time, also too often.
#[derive(Clone)]
pub struct Waker(Arc<dyn Fn() + Send + Sync>);

impl Waker {
    /// A waker that calls `wake`.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(wake))
    }

    /// Says that there may be something to read.
    pub fn wake(&self) {
        (self.0)();
    }

    /// The waker as a plain function, for parts that know no dataflow.
    pub fn as_fn(&self) -> Arc<dyn Fn() + Send + Sync> {
        Arc::clone(&self.0)
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waker")
    }
}

/// What a poll came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polled {
    /// Something was emitted, or may be at the next poll at once.
    Emitted,
    /// Nothing to read; the waker will be called.
    Pending,
    /// Nothing to read before this much time has gone by; the waker may be called earlier.
    PendingFor(Duration),
    /// All splits were read to their end; the source is not polled again.
    Finished,
}

/// What a source hands on, in order.
#[derive(Debug, Default)]
pub struct SourceOutput {
    emitted: Vec<FromSource>,
}

/// One thing that a source said.
#[derive(Debug)]
pub(crate) enum FromSource {
    Data(SplitId, ChangeBatch),
    Added(SplitId),
    Finished(SplitId),
}

impl SourceOutput {
    /// An empty output; tests of sources make one, jobs get theirs from the runtime.
    pub const fn new() -> Self {
        Self { emitted: Vec::new() }
    }

    /// Hands on rows of a split. Rows of one split must come in the split's order; batches without rows are dropped.
    pub fn emit(&mut self, split: &SplitId, batch: impl Into<ChangeBatch>) {
        let batch = batch.into();
        if !batch.is_empty() {
            self.emitted.push(FromSource::Data(split.clone(), batch));
        }
    }

    /// Says that a split came to be after [`Source::open`] (a new partition or file).
    pub fn add_split(&mut self, split: &SplitId) {
        self.emitted.push(FromSource::Added(split.clone()));
    }

    /// Says that a split was read to its end, so that it holds no watermark back any more.
    pub fn finish_split(&mut self, split: &SplitId) {
        self.emitted.push(FromSource::Finished(split.clone()));
    }

    /// Takes the batches emitted so far, with their splits: how tests look at a source.
    pub fn take_batches(&mut self) -> Vec<(SplitId, ChangeBatch)> {
        let batches = self.take().into_iter().filter_map(|emitted| match emitted {
            FromSource::Data(split, batch) => Some((split, batch)),
            FromSource::Added(_) | FromSource::Finished(_) => None,
        });
        batches.collect()
    }

    pub(crate) fn take(&mut self) -> Vec<FromSource> {
        std::mem::take(&mut self.emitted)
    }
}

/// One subtask's reader.
///
/// Calls come from one thread at a time: `set_waker`, then `open` once, then any mix of `poll`, `snapshot`,
/// `on_checkpoint_complete` and `gauges`.
pub trait Source: Send {
    /// Gives the source what to call when it has something to read after [`Polled::Pending`].
    fn set_waker(&mut self, waker: Waker);

    /// Finds this subtask's splits and opens them, each where `restored` says or else where the table's options say.
    /// `restored` holds the splits of *all* subtasks of the restored checkpoint; the source takes those that it owns.
    /// Returns the splits that it reads from now on, finished ones left out.
    fn open(&mut self, restored: Vec<SplitState>) -> Result<Vec<SplitId>, SourceError>;

    /// Emits at most `rows_max` rows that are there, without blocking.
    fn poll(&mut self, rows_max: usize, out: &mut SourceOutput) -> Result<Polled, SourceError>;

    /// Positions of all splits that this subtask owns, finished ones included, after the rows emitted so far.
    fn snapshot(&mut self) -> Result<Vec<SplitState>, SourceError>;

    /// A checkpoint is durable: positions up to its snapshot will never be asked for again.
    fn on_checkpoint_complete(&mut self, _checkpoint: CheckpointId) -> Result<(), SourceError> {
        Ok(())
    }

    /// Numbers to show: skipped rows, backlog.
    fn gauges(&self) -> Gauges {
        Gauges::default()
    }

    /// Where the first skipped row is and why it was skipped, such as `orders-0@17: expected a number`.
    fn first_skipped(&self) -> Option<String> {
        None
    }
}

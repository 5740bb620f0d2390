//! What can go wrong, one enum per family of operations.
//!
//! * A variant carries the facts that a caller or a reader of the log needs; nothing is a bare text.

use std::{
    io,
    path::{Path, PathBuf},
};

use pancake_types::Offset;

use crate::batch::BatchError;

/// A file operation that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}", path.display())]
pub struct StorageError {
    /// What was tried: `write`, `sync` …
    pub action: &'static str,
    /// On which file or directory.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl StorageError {
    /// For `map_err`: names the action and the path.
    pub(crate) fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self { action, path: path.to_owned(), source }
    }
}

/// Why an append was refused. Nothing of the append is in the log then.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// A batch is larger than the log takes.
    #[error("batch of {bytes} bytes; {limit} are allowed")]
    TooLarge {
        /// Length of the batch with its headers.
        bytes: u64,
        /// The log's `max.message.bytes`.
        limit: u32,
    },
    /// The bytes are not whole v2 batches with a right checksum.
    #[error("corrupt batch")]
    Corrupt(#[source] BatchError),
    /// A format older than v2.
    #[error("record format {magic} is not supported; only 2 is")]
    UnsupportedMagic {
        /// The format's number.
        magic: i8,
    },
    /// The batch is whole, but it may not be appended here.
    #[error("invalid record: {why}")]
    InvalidRecord {
        /// What is wrong.
        why: InvalidRecord,
    },
    /// An idempotent producer left something out.
    #[error("producer {producer_id} sent sequence {found}; {expected} comes next")]
    OutOfOrderSequence {
        /// The producer.
        producer_id: i64,
        /// The sequence number that would have been right.
        expected: i32,
        /// The one that came.
        found: i32,
    },
    /// A newer incarnation of the producer has written already.
    #[error("producer {producer_id} has epoch {current}; the batch has {found}")]
    InvalidProducerEpoch {
        /// The producer.
        producer_id: i64,
        /// The newest epoch seen.
        current: i16,
        /// The batch's.
        found: i16,
    },
    /// The log is full: no offset is left.
    #[error("the log has no offsets left")]
    OffsetsExhausted,
    /// The write failed; the log is poisoned from now on.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// An earlier write or fsync failed: what is on disk is uncertain until the log is opened again.
    #[error("the log takes no writes since an earlier failure; open it again")]
    Poisoned,
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
}

/// What makes a whole batch unfit for a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRecord {
    /// A compacted log needs a key in every record.
    #[error("record {index} has no key, and the log is compacted")]
    NoKey {
        /// The record's place in its batch.
        index: u32,
    },
    /// Only a coordinator writes control batches.
    #[error("control batches come from a coordinator only")]
    Control,
    /// A batch must hold records.
    #[error("the batch has no records")]
    Empty,
    /// A batch with a producer id needs a sequence number and an epoch.
    #[error("the batch has a producer id and no sequence number")]
    NoSequence,
    /// Duplicate detection needs one batch at a time.
    #[error("more than one batch with a producer id in one append")]
    ManyIdempotent,
}

/// Why a read gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The offset is not in the log.
    #[error("offset {offset} is not in the log, which holds {start} to {end}")]
    OffsetOutOfRange {
        /// What was asked for.
        offset: Offset,
        /// First offset of the log.
        start: Offset,
        /// One past the last.
        end: Offset,
    },
    /// The bytes on disk are damaged.
    #[error("damaged batch in {} at byte {position}", path.display())]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where in it.
        position: u64,
        /// What is wrong there.
        source: BatchError,
    },
    /// A file could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a log could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// Bytes that had been synced are damaged. Nothing was changed; a backup or a decision is needed.
    #[error(
        "{} is damaged at byte {position}, before the recovery point {recovery_point}: not repaired",
        path.display()
    )]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where in it.
        position: u64,
        /// Offset up to which everything had been synced.
        recovery_point: Offset,
    },
    /// A segment that had been synced is not there.
    #[error("segment {} is missing, and offsets up to {recovery_point} had been synced", path.display())]
    Missing {
        /// The segment.
        path: PathBuf,
        /// Offset up to which everything had been synced.
        recovery_point: Offset,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a sync failed.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The fsync failed; the log is poisoned from now on.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// An earlier write or fsync failed.
    #[error("the log takes no writes since an earlier failure; open it again")]
    Poisoned,
}

/// Why a log could not be closed cleanly. The next open recovers it.
pub type CloseError = SyncError;

/// Why retention, compaction or a deletion failed.
#[derive(Debug, thiserror::Error)]
pub enum MaintenanceError {
    /// The offset to delete before is not in the log.
    #[error("cannot delete before {offset}; the log holds {start} to {end}")]
    OffsetOutOfRange {
        /// What was asked for.
        offset: Offset,
        /// First offset of the log.
        start: Offset,
        /// One past the last.
        end: Offset,
    },
    /// A closed segment could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The log could not be synced first.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// A file could not be written, renamed or removed; the log is poisoned from now on.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The log takes no writes, or was closed.
    #[error("the log takes no writes: it failed earlier or was closed")]
    NotWritable,
}

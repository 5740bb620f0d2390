//! One partition's log.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use pancake_types::{Offset, Storage, Timestamp};

use crate::{
    AppendError, CloseError, LogOptions, MaintenanceError, ReadError, RecoverError, SyncError,
};

/// One partition's log. Shared freely between threads; it holds a short lock inside.
#[derive(Debug)]
pub struct Log {}

/// What opening a log had to mend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Batches behind the recovery point that were read and checked.
    pub scanned_batches: u64,
    /// Bytes of them.
    pub scanned_bytes: u64,
    /// Bytes of a torn tail that were cut off.
    pub truncated_bytes: u64,
}

/// Where an append came to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Offset of the first record.
    pub base_offset: Offset,
    /// Offset of the last record.
    pub last_offset: Offset,
    /// Whether the batch had been appended before: nothing was written, the offsets are the old ones.
    pub duplicate: bool,
    /// The time that the log gave the records, if the topic says so.
    pub log_append_time: Option<Timestamp>,
    /// First offset of the log.
    pub log_start_offset: Offset,
}

/// Whole batches out of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The batches as they were appended; the first may begin before the offset asked for.
    pub batches: Bytes,
    /// Where to read next: one past the last batch.
    pub next: Offset,
    /// First offset of the log.
    pub log_start_offset: Offset,
    /// One past the last offset that may be read.
    pub high_watermark: Offset,
}

/// One segment, for those who look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentInfo {
    /// Offset that names the segment.
    pub base_offset: Offset,
    /// Bytes of its batches.
    pub size_bytes: u64,
    /// Whether appends go to it.
    pub active: bool,
}

/// What retention took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Segments deleted.
    pub segments: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// What compaction did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Records read.
    pub records_before: u64,
    /// Records kept.
    pub records_after: u64,
    /// Bytes of closed segments before.
    pub bytes_before: u64,
    /// And after.
    pub bytes_after: u64,
}

#[allow(unused_variables, clippy::unused_self, clippy::todo, reason = "skeleton: bodies follow")]
impl Log {
    /// Opens the log of a directory, or makes a new one.
    pub fn open(
        storage: Arc<dyn Storage>,
        dir: &Path,
        options: LogOptions,
    ) -> Result<(Self, Recovery), RecoverError> {
        todo!()
    }

    /// Appends whole encoded batches as a client sent them, in one write.
    pub fn append(&self, batches: Bytes, now: Timestamp) -> Result<Appended, AppendError> {
        todo!()
    }

    /// Reads whole batches from the one that holds `from`; the first even if larger than `bytes_max`.
    pub fn read(&self, from: Offset, bytes_max: usize) -> Result<Fetched, ReadError> {
        todo!()
    }

    /// First offset of the log.
    pub fn start_offset(&self) -> Offset {
        todo!()
    }

    /// One past the last offset.
    pub fn end_offset(&self) -> Offset {
        todo!()
    }

    /// One past the last offset that may be read.
    pub fn high_watermark(&self) -> Offset {
        self.end_offset()
    }

    /// Bytes of all segments.
    pub fn size_bytes(&self) -> u64 {
        todo!()
    }

    /// The segments, oldest first.
    pub fn segments(&self) -> Vec<SegmentInfo> {
        todo!()
    }

    /// The first record at or after a moment.
    pub fn offset_at(&self, at: Timestamp) -> Result<Option<(Timestamp, Offset)>, ReadError> {
        todo!()
    }

    /// The record with the largest timestamp.
    pub fn max_timestamp(&self) -> Result<Option<(Timestamp, Offset)>, ReadError> {
        todo!()
    }

    /// Makes everything appended so far durable.
    pub fn sync(&self) -> Result<(), SyncError> {
        todo!()
    }

    /// Whether something was appended since the last [`Log::sync`].
    pub fn is_dirty(&self) -> bool {
        todo!()
    }

    /// Closes the active segment and begins a new one, unless it is empty.
    pub fn roll(&self) -> Result<(), AppendError> {
        todo!()
    }

    /// Deletes segments that retention lets go.
    pub fn delete_expired(&self, now: Timestamp) -> Result<Expired, MaintenanceError> {
        todo!()
    }

    /// Keeps the last record of each key in closed segments.
    pub fn compact(&self, now: Timestamp) -> Result<Compacted, MaintenanceError> {
        todo!()
    }

    /// Moves the start of the log to an offset, for good.
    pub fn delete_before(&self, offset: Offset) -> Result<Offset, MaintenanceError> {
        todo!()
    }

    /// Changes the settings.
    pub fn set_options(&self, options: LogOptions) {
        todo!()
    }

    /// The settings.
    pub fn options(&self) -> LogOptions {
        todo!()
    }

    /// Syncs and writes the recovery point, so that the next open scans nothing. Appends are refused from now on.
    pub fn close(&self) -> Result<(), CloseError> {
        todo!()
    }
}

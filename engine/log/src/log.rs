//! One partition's log: what it knows while it is open, and the doors of everybody else.
//!
//! * One short lock guards what changes with an append; fsync, reads of the disk and compaction happen outside it.
//! * Offsets are dense on append: a batch begins where the last one ended.
//! * The high watermark is the end of the log: there is one replica.
//!
//! Start reading at [`Log::append`]; opening is in `log/recover.rs`.

mod append;
mod compact;
mod read;
mod recover;
mod retention;
mod rewrite;
mod seek;
mod sync;
mod validate;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use pancake_types::{Offset, Storage, Timestamp};

use crate::{
    AppendError, LogOptions, RecoverError,
    index::Saved,
    producers::Producers,
    segment::{Active, Segment},
    tail::Tail,
};

/// One partition's log. Shared freely between threads; it holds a short lock inside.
#[derive(Debug)]
pub struct Log {
    storage: Arc<dyn Storage>,
    dir: PathBuf,
    inner: Mutex<Inner>,
    /// One sync at a time. Taken after `maintenance`, before `inner`.
    syncing: Mutex<()>,
    /// One of retention, compaction and deletion at a time. Taken first.
    maintenance: Mutex<()>,
}

#[derive(Debug)]
struct Inner {
    options: Arc<LogOptions>,
    health: Health,
    start: Offset,
    end: Offset,
    closed: Vec<Arc<Segment>>,
    active: Active,
    tail: Tail,
    producers: Producers,
    durable: Durable,
    /// End of the closed part that compaction has seen.
    cleaned_to: Offset,
}

/// What a sync has to do next.
#[derive(Debug)]
struct Durable {
    /// Everything before this offset is durable.
    end: Offset,
    /// Segments closed since the last sync, with how much of their index is in its files.
    unsynced: Vec<(Arc<Segment>, Saved)>,
    /// Names of files were made and may be lost.
    names_dirty: bool,
    /// Nothing was written since the log was opened: the directory itself may be new.
    dir_new: bool,
    /// The recovery point on disk must be renewed although no record came.
    state_dirty: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Writable,
    Poisoned,
    Closed,
}

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
    /// Where the next segment begins.
    pub end_offset: Offset,
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

impl Log {
    /// Opens the log of a directory, or makes a new one. After a crash the part behind the recovery point is read, and
    /// a torn end is cut off.
    ///
    /// # Errors
    /// [`RecoverError::Damaged`] and [`RecoverError::Missing`] if bytes that had been synced are gone; nothing is
    /// repaired then.
    pub fn open(
        storage: Arc<dyn Storage>,
        dir: &Path,
        options: LogOptions,
    ) -> Result<(Self, Recovery), RecoverError> {
        recover::open(storage, dir, Arc::new(options))
    }

    /// First offset of the log.
    pub fn start_offset(&self) -> Offset {
        self.lock().start
    }

    /// One past the last offset.
    pub fn end_offset(&self) -> Offset {
        self.lock().end
    }

    /// One past the last offset that may be read.
    pub fn high_watermark(&self) -> Offset {
        self.end_offset()
    }

    /// Bytes of all segments.
    pub fn size_bytes(&self) -> u64 {
        let inner = self.lock();
        inner.closed.iter().map(|s| s.bytes).sum::<u64>() + inner.active.file.bytes
    }

    /// The segments, oldest first.
    pub fn segments(&self) -> Vec<SegmentInfo> {
        let inner = self.lock();
        let closed = inner.closed.iter().map(|s| SegmentInfo {
            base_offset: s.base,
            end_offset: s.end,
            size_bytes: s.bytes,
            active: false,
        });
        let active = SegmentInfo {
            base_offset: inner.active.base,
            end_offset: inner.end,
            size_bytes: inner.active.file.bytes,
            active: true,
        };
        closed.chain([active]).collect()
    }

    /// Whether the log takes writes: it was not closed, and no write or fsync has failed.
    pub fn is_writable(&self) -> bool {
        self.lock().health == Health::Writable
    }

    /// The directory of the log.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Changes the settings from the next append on.
    pub fn set_options(&self, options: LogOptions) {
        let mut inner = self.lock();
        inner.tail.set_bytes_max(options.tail_cache_bytes_max);
        inner.options = Arc::new(options);
    }

    /// The settings.
    pub fn options(&self) -> Arc<LogOptions> {
        Arc::clone(&self.lock().options)
    }

    /// A thread that panicked with the lock may have left half an append: reads go on, writes do not.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|poisoned| {
            let mut inner = poisoned.into_inner();
            inner.health = Health::Poisoned;
            inner
        })
    }
}

impl Inner {
    fn check_writable(&self) -> Result<(), AppendError> {
        match self.health {
            Health::Writable => Ok(()),
            Health::Poisoned => Err(AppendError::Poisoned),
            Health::Closed => Err(AppendError::Closed),
        }
    }

    /// Remembers that a write failed, and passes the error on.
    fn poison<E>(&mut self, error: E) -> E {
        tracing::error!(offset = self.end.get(), "a write failed: the log is read-only from here");
        self.health = Health::Poisoned;
        error
    }
}

/// These locks guard no data, so a panic of a holder spoils nothing.
fn take_turn(turn: &Mutex<()>) -> MutexGuard<'_, ()> {
    turn.lock().unwrap_or_else(PoisonError::into_inner)
}

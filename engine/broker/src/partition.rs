//! One partition while the broker runs: its log, who waits for it, and how durable it is.
//!
//! * Every append wakes the watchers after the records can be read, never before.
//! * [`Partition::sync`] returns only after everything appended before the call is durable; calls that come while one
//!   runs share the next (group commit).

use std::sync::{
    Mutex,
    atomic::{AtomicI64, Ordering},
};

use bytes::Bytes;
use pancake_log::{AppendError, Appended, Log, SyncError};
use pancake_types::{Timestamp, TopicPartition};

use crate::{lock::locked, watch::Watchers};

/// A partition that can be appended to and read.
#[derive(Debug)]
pub(crate) struct Partition {
    /// Its name.
    pub(crate) name: TopicPartition,
    /// Its records.
    pub(crate) log: Log,
    /// Who waits for appends.
    pub(crate) watchers: Watchers,
    syncing: Mutex<()>,
    last_append_ms: AtomicI64,
}

impl Partition {
    /// Wraps an open log.
    pub(crate) fn new(name: TopicPartition, log: Log) -> Self {
        Self {
            name,
            log,
            watchers: Watchers::default(),
            syncing: Mutex::new(()),
            last_append_ms: AtomicI64::new(i64::MIN),
        }
    }

    /// Appends encoded batches and wakes who waits for them.
    pub(crate) fn append(&self, batches: Bytes, now: Timestamp) -> Result<Appended, AppendError> {
        let appended = self.log.append(batches, now)?;
        if !appended.duplicate {
            self.last_append_ms.store(now.millis(), Ordering::Relaxed);
            self.watchers.wake();
        }
        Ok(appended)
    }

    /// When the last append was, if there was one since the broker was opened.
    pub(crate) fn last_append(&self) -> Option<Timestamp> {
        let ms = self.last_append_ms.load(Ordering::Relaxed);
        (ms != i64::MIN).then(|| Timestamp::from_millis(ms))
    }

    /// Makes everything appended so far durable.
    pub(crate) fn sync(&self) -> Result<(), SyncError> {
        let _one_at_a_time = locked(&self.syncing);
        if self.log.is_dirty() { self.log.sync() } else { Ok(()) }
    }
}

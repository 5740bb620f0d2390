//! Making room from the front: by age, by size, or because somebody says so.
//!
//! * The new start of the log is durable before the first file goes, so a crash never brings back part of what went.
//! * Whole segments go; the active one is closed first if all of it is to go.

use std::sync::Arc;

use pancake_types::{Offset, Timestamp};

use super::{Expired, Inner, Log, recover::remove_segment, take_turn};
use crate::{MaintenanceError, StorageError, index::Newest, segment::Segment, state::Keep};

impl Log {
    /// Deletes the oldest segments while their newest record is too old or the log is too large, and forgets producers
    /// that were silent for long. Records without a timestamp do not age.
    pub fn delete_expired(&self, now: Timestamp) -> Result<Expired, MaintenanceError> {
        let turn = take_turn(&self.maintenance);
        let options = self.options();
        self.lock().producers.expire(now, options.producer_expiry_ms);
        if !options.cleanup.deletes() {
            return Ok(Expired::default());
        }
        let horizon = options
            .retention
            .ms
            .map(|ms| Timestamp::from_millis(now.millis().saturating_sub_unsigned(ms)));
        if let Some(horizon) = horizon {
            self.roll_if_old(horizon)?;
        }
        let mut left = self.size_bytes();
        let closed = self.lock().closed.clone();
        let mut start = None;
        for segment in &closed {
            let old = match horizon {
                Some(horizon) => is_old(self.index_of(segment)?.newest(), horizon),
                None => false,
            };
            let too_large = options.retention.bytes.is_some_and(|max| left - segment.bytes >= max);
            if !old && !too_large {
                break;
            }
            left -= segment.bytes;
            start = Some(segment.end);
        }
        let expired = start.map_or(Ok(Expired::default()), |start| self.drop_before(start));
        drop(turn);
        expired
    }

    /// Moves the start of the log to an offset, for good; answers where it starts then.
    ///
    /// # Errors
    /// [`MaintenanceError::OffsetOutOfRange`] beyond the end. An offset before the start is fine and changes nothing.
    pub fn delete_before(&self, offset: Offset) -> Result<Offset, MaintenanceError> {
        let turn = take_turn(&self.maintenance);
        let mut inner = self.lock();
        let (start, end) = (inner.start, inner.end);
        if offset > end {
            return Err(MaintenanceError::OffsetOutOfRange { offset, start, end });
        }
        if offset <= start {
            return Ok(start);
        }
        inner.check_writable().map_err(|_| MaintenanceError::NotWritable)?;
        if offset == end && inner.active.file.bytes > 0 {
            self.roll_locked(&mut inner)?;
        }
        drop(inner);
        self.drop_before(offset)?;
        drop(turn);
        Ok(offset)
    }

    /// Closes the active segment if everything in the log is old.
    fn roll_if_old(&self, horizon: Timestamp) -> Result<(), MaintenanceError> {
        let mut inner = self.lock();
        inner.check_writable().map_err(|_| MaintenanceError::NotWritable)?;
        if inner.active.file.bytes > 0 && is_old(inner.active.index.newest(), horizon) {
            self.roll_locked(&mut inner)?;
        }
        Ok(())
    }

    fn drop_before(&self, start: Offset) -> Result<Expired, MaintenanceError> {
        let mut inner = self.lock();
        inner.start = inner.start.max(start);
        inner.durable.state_dirty = true;
        drop(inner);
        self.sync_and(Keep::Durable)?;
        let gone = self.lock().take_before(start);
        let removed = self.remove_files(&gone);
        removed.map_err(|e| self.lock().poison(e))?;
        Ok(Expired { segments: gone.len(), bytes: gone.iter().map(|s| s.bytes).sum() })
    }

    fn remove_files(&self, segments: &[Arc<Segment>]) -> Result<(), StorageError> {
        for segment in segments {
            remove_segment(&*self.storage, &self.dir, segment.base)?;
        }
        if segments.is_empty() {
            return Ok(());
        }
        self.storage.sync_dir(&self.dir).map_err(StorageError::at("sync", &self.dir))
    }
}

impl Inner {
    fn take_before(&mut self, start: Offset) -> Vec<Arc<Segment>> {
        let count = self.closed.partition_point(|s| s.end <= start);
        self.closed.drain(..count).collect()
    }
}

/// A segment without records has nothing to keep.
fn is_old(newest: Option<Newest>, horizon: Timestamp) -> bool {
    newest.is_none_or(|n| n.timestamp.millis() >= 0 && n.timestamp < horizon)
}

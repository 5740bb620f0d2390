//! Making what was appended durable, and saying up to where it is.
//!
//! * Appends and reads go on while the disk syncs: the lock is held before and after, not during.
//! * Order: batches, names, index entries, recovery point. So a recovery point never promises what may be lost.
//! * A failed fsync poisons the log and is never tried again: the kernel may have dropped the pages.

use std::sync::Arc;

use pancake_types::{Offset, Storage};

use super::{Health, Inner, Log, take_turn};
use crate::{
    CloseError, StorageError, SyncError,
    index::{Saved, SparseIndex},
    segment::{Segment, SegmentFile, write_index},
    state::{Keep, State},
};

type IndexTails = [(&'static str, (u64, Vec<u8>)); 2];

/// What one sync does, taken under the lock.
struct Plan {
    end: Offset,
    segment: Offset,
    file: SegmentFile,
    closed: Vec<(Arc<Segment>, Saved)>,
    saved: Saved,
    tails: IndexTails,
    names_dirty: bool,
    dir_new: bool,
    state: String,
}

impl Log {
    /// Makes everything appended before the call durable, and moves the recovery point there.
    ///
    /// # Errors
    /// After a failure the log takes no more writes.
    pub fn sync(&self) -> Result<(), SyncError> {
        self.sync_and(Keep::Cached)
    }

    /// Whether something was appended since the last [`Log::sync`].
    pub fn is_dirty(&self) -> bool {
        let inner = self.lock();
        inner.is_dirty() && inner.health == Health::Writable
    }

    /// Everything before this offset is durable.
    pub fn recovery_point(&self) -> Offset {
        self.lock().durable.end
    }

    /// Syncs, so that the next open scans nothing. Appends are refused from now on.
    pub fn close(&self) -> Result<(), CloseError> {
        let health = self.lock().health;
        if health == Health::Closed {
            return Ok(());
        }
        self.sync()?;
        let mut inner = self.lock();
        if inner.health == Health::Writable {
            inner.health = Health::Closed;
        }
        drop(inner);
        // What came in between the two.
        self.sync()
    }

    pub(super) fn sync_and(&self, keep: Keep) -> Result<(), SyncError> {
        let turn = take_turn(&self.syncing);
        let mut inner = self.lock();
        if inner.health == Health::Poisoned {
            return Err(SyncError::Poisoned);
        }
        if !inner.is_dirty() && keep == Keep::Cached {
            return Ok(());
        }
        let plan = inner.plan_sync();
        drop(inner);
        let done = self.run_sync(&plan, keep);
        let mut inner = self.lock();
        let result = match done {
            Ok(()) => {
                inner.synced(&plan);
                Ok(())
            }
            Err(e) => Err(inner.poison(e).into()),
        };
        drop(inner);
        drop(turn);
        result
    }

    fn run_sync(&self, plan: &Plan, keep: Keep) -> Result<(), StorageError> {
        let storage = &*self.storage;
        for (segment, _) in &plan.closed {
            segment.file.sync().map_err(StorageError::at("sync", &segment.path))?;
        }
        plan.file.file.sync().map_err(StorageError::at("sync", &plan.file.path))?;
        if plan.dir_new
            && let Some(parent) = self.dir.parent()
        {
            storage.sync_dir(parent).map_err(StorageError::at("sync", parent))?;
        }
        if plan.names_dirty {
            storage.sync_dir(&self.dir).map_err(StorageError::at("sync", &self.dir))?;
        }
        // A closed segment's index is never written again, so it is made durable once.
        for (segment, saved) in &plan.closed {
            self.save_closed_index(storage, segment, *saved)?;
        }
        write_index(storage, &self.dir, plan.segment, &plan.tails, false)?;
        let keep = if plan.closed.is_empty() { keep } else { Keep::Durable };
        State::save(storage, &self.dir, &plan.state, keep)
    }

    fn save_closed_index(
        &self,
        storage: &dyn Storage,
        segment: &Segment,
        saved: Saved,
    ) -> Result<(), StorageError> {
        let Some(index) = segment.index_in_memory() else { return Ok(()) };
        write_index(storage, &self.dir, segment.base, &tails(index, saved), true)
    }
}

impl Inner {
    fn is_dirty(&self) -> bool {
        let durable = &self.durable;
        durable.end < self.end || durable.names_dirty || durable.state_dirty
    }

    fn plan_sync(&mut self) -> Plan {
        let active = &self.active;
        let state = State {
            log_start: self.start,
            recovery_point: self.end,
            segment: active.base,
            position: active.file.bytes,
            newest: active.index.newest(),
            producers: self.producers.clone(),
        };
        Plan {
            end: self.end,
            segment: active.base,
            file: active.file.clone(),
            closed: self.durable.unsynced.clone(),
            saved: active.index.saved_when_written(),
            tails: tails(&active.index, active.saved),
            names_dirty: std::mem::take(&mut self.durable.names_dirty),
            dir_new: self.durable.dir_new,
            state: state.encode(),
        }
    }

    fn synced(&mut self, plan: &Plan) {
        self.durable.end = self.durable.end.max(plan.end);
        self.durable.dir_new = false;
        self.durable.state_dirty = false;
        self.durable.unsynced.drain(..plan.closed.len().min(self.durable.unsynced.len()));
        if self.active.base == plan.segment {
            self.active.saved = plan.saved;
        } else if let Some((_, saved)) =
            self.durable.unsynced.iter_mut().find(|(s, _)| s.base == plan.segment)
        {
            // It was closed while the disk synced.
            *saved = plan.saved;
        }
    }
}

fn tails(index: &SparseIndex, saved: Saved) -> IndexTails {
    [("index", index.places_from(saved)), ("timeindex", index.moments_from(saved))]
}

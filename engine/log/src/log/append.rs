//! The way of a batch into the log.
//!
//! * Checked outside the lock; then, under it: duplicate or not, offsets, one write, and only then is it in the log.
//! * A write that fails leaves the log as it was, poisoned: what lies behind its end on disk is uncertain.

use bytes::{Bytes, BytesMut};
use pancake_types::{Offset, Timestamp};

use super::{Appended, Inner, Log, validate::validate};
use crate::{
    AppendError, LogOptions, StorageError, TimestampType,
    batch::{BatchHeader, patch_log_append_time, patch_place},
    segment::Active,
};

/// Positions in Kafka's index files are signed 32 bit numbers, and offsets are relative in as many.
const SEGMENT_BYTES_LIMIT: u64 = i32::MAX as u64;

impl Log {
    /// Appends one or more whole encoded batches as a client sent them, in one write.
    ///
    /// Offsets and leader epoch are set by the log. A batch of an idempotent producer that is in the log already is not
    /// appended again; the answer is its old place.
    ///
    /// # Errors
    /// Nothing is appended on any error. [`AppendError::Storage`] poisons the log; so does nothing else.
    pub fn append(
        &self,
        batches: impl AsRef<[u8]>,
        now: Timestamp,
    ) -> Result<Appended, AppendError> {
        // A copy of its own, so that the tail cache does not keep a client's whole frame alive.
        self.append_own(Bytes::copy_from_slice(batches.as_ref()), now)
    }

    fn append_own(&self, batches: Bytes, now: Timestamp) -> Result<Appended, AppendError> {
        let options = self.options();
        let mut headers = validate(&batches, &options)?;
        let mut inner = self.lock();
        inner.check_writable()?;
        if let Some(first) = headers.first()
            && let Some(seen) = inner.producers.check(first)?
        {
            return Ok(Appended {
                base_offset: seen.base_offset,
                last_offset: seen.last_offset,
                duplicate: true,
                log_append_time: None,
                log_start_offset: inner.start,
            });
        }
        let base_offset = inner.end;
        let append_time = (options.timestamps == TimestampType::LogAppendTime).then_some(now);
        let end = place(&mut headers, base_offset)?;
        let batches = patch(batches, &headers, append_time);
        if let Some(now) = append_time {
            for header in &mut headers {
                header.max_timestamp = now;
            }
        }
        if inner.must_roll(batches.len() as u64, end, (&options, now)) {
            self.roll_locked(&mut inner)?;
        }
        inner.write(&batches)?;
        inner.note(&headers, &options, now);
        inner.tail.push(batches, end);
        inner.end = end;
        Ok(Appended {
            base_offset,
            last_offset: Offset::new(end.get() - 1),
            duplicate: false,
            log_append_time: append_time,
            log_start_offset: inner.start,
        })
    }

    /// Closes the active segment and begins a new one, unless it is empty. Compaction and retention look at closed
    /// segments only.
    pub fn roll(&self) -> Result<(), AppendError> {
        let mut inner = self.lock();
        inner.check_writable()?;
        if inner.active.file.bytes > 0 {
            self.roll_locked(&mut inner)?;
        }
        Ok(())
    }

    pub(super) fn roll_locked(&self, inner: &mut Inner) -> Result<(), StorageError> {
        let base = inner.end;
        let fresh = Active::create(&*self.storage, &self.dir, base).map_err(|e| inner.poison(e))?;
        let (segment, saved) = std::mem::replace(&mut inner.active, fresh).close(base);
        let segment = segment.into();
        inner.closed.push(std::sync::Arc::clone(&segment));
        inner.durable.unsynced.push((segment, saved));
        inner.durable.names_dirty = true;
        Ok(())
    }
}

impl Inner {
    fn must_roll(&self, bytes: u64, end: Offset, limits: (&LogOptions, Timestamp)) -> bool {
        let (options, now) = limits;
        let bytes_max = options.segment_bytes_max.min(SEGMENT_BYTES_LIMIT);
        let full = self.active.file.bytes + bytes > bytes_max
            || end.since(self.active.base) > SEGMENT_BYTES_LIMIT;
        let age = |at: Timestamp| now.millis().saturating_sub(at.millis());
        let old = self.active.opened_at.is_some_and(|at| {
            u64::try_from(age(at)).is_ok_and(|age| age >= options.segment_ms_max)
        });
        self.active.file.bytes > 0 && (full || old)
    }

    fn write(&mut self, batches: &Bytes) -> Result<(), StorageError> {
        self.active.write(batches).map_err(|e| self.poison(e))
    }

    fn note(&mut self, headers: &[BatchHeader], options: &LogOptions, now: Timestamp) {
        self.active.opened_at.get_or_insert(now);
        for header in headers {
            self.active.note(header, options.index_interval_bytes);
            self.producers.note(header, Some(now), options.producers_max);
        }
    }
}

/// Gives the batches their offsets; answers where the log ends then.
fn place(headers: &mut [BatchHeader], base: Offset) -> Result<Offset, AppendError> {
    let mut end = base;
    for header in headers {
        header.base_offset = end;
        let records = u64::from(header.last_offset_delta.unsigned_abs()) + 1;
        end = end.checked_add(records).ok_or(AppendError::OffsetsExhausted)?;
    }
    Ok(end)
}

/// Writes the places into the bytes, and the time if it is the log's.
fn patch(batches: Bytes, headers: &[BatchHeader], append_time: Option<Timestamp>) -> Bytes {
    let mut bytes = batches.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&*shared));
    let mut rest = &mut *bytes;
    for header in headers {
        let (batch, after) = rest.split_at_mut(header.bytes);
        patch_place(batch, header.base_offset);
        if let Some(now) = append_time {
            patch_log_append_time(batch, header, now);
        }
        rest = after;
    }
    bytes.freeze()
}

//! Keep-last compaction: of each key, only the last record stays in the closed segments.
//!
//! * Two walks: one notes where each key's last record is, one copies what is still needed. Appends go on meanwhile.
//! * Offsets stay. A batch keeps its first and last offset even if records between are gone.
//! * A tombstone goes only `tombstone_ms` after a compaction first saw it, so that slow readers can see it too.
//! * The memory for keys is bounded; records behind what fits wait for the next time.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use bytes::Bytes;
use pancake_types::{Offset, Timestamp};

use super::{Compacted, Health, Log, take_turn};
use crate::{
    LogOptions, MaintenanceError, ReadError,
    batch::{BatchBuilder, BatchHeader, Header, NewRecord, Producer, Record, decode},
    segment::Segment,
    state::Keep,
};

/// What a key costs beside its bytes.
const KEY_OVERHEAD_BYTES: usize = 64;

impl Log {
    /// Whether at least half of the closed bytes came since the last compaction (Kafka's
    /// `min.cleanable.dirty.ratio`).
    pub fn compaction_due(&self) -> bool {
        let inner = self.lock();
        let bytes = |from: Offset| -> u64 {
            inner.closed.iter().filter(|s| s.base >= from).map(|s| s.bytes).sum()
        };
        let fresh = bytes(inner.cleaned_to);
        inner.options.cleanup.compacts() && fresh > 0 && fresh * 2 >= bytes(Offset::ZERO)
    }

    /// Keeps the last record of each key in the closed segments; small segments are merged on the way.
    ///
    /// Records without a key go, as in Kafka. Does nothing in a log that is not compacted.
    pub fn compact(&self, now: Timestamp) -> Result<Compacted, MaintenanceError> {
        let turn = take_turn(&self.maintenance);
        let options = self.options();
        if !options.cleanup.compacts() {
            return Ok(Compacted::default());
        }
        if self.lock().health != Health::Writable {
            return Err(MaintenanceError::NotWritable);
        }
        let closed = self.lock().closed.clone();
        if closed.is_empty() {
            return Ok(Compacted::default());
        }
        // The durable recovery point must lie behind every segment that is replaced.
        self.sync_and(Keep::Durable)?;
        let mut done = Compacted::default();
        let filter = self.filter(&closed, &options, now)?;
        for group in groups(&closed, options.segment_bytes_max) {
            self.rewrite_group(group, &filter, &mut done)?;
        }
        if let Some(last) = closed.last() {
            self.lock().cleaned_to = last.end;
        }
        drop(turn);
        Ok(done)
    }

    fn filter(
        &self,
        closed: &[Arc<Segment>],
        options: &LogOptions,
        now: Timestamp,
    ) -> Result<Filter, ReadError> {
        let inner = self.lock();
        let (start, newest_batches) = (inner.start, inner.producers.newest_batches().collect());
        drop(inner);
        let last = last_of_keys(closed, options.compaction_key_bytes_max)?;
        Ok(Filter { start, last, newest_batches, now, tombstone_ms: options.tombstone_ms })
    }
}

/// Neighbours that fit into one segment together.
fn groups(closed: &[Arc<Segment>], bytes_max: u64) -> Vec<&[Arc<Segment>]> {
    const SPAN_MAX: u64 = i32::MAX as u64;
    let mut groups = Vec::new();
    let mut rest = closed;
    while let Some(first) = rest.first() {
        let mut bytes = 0;
        let fits = |s: &&Arc<Segment>| {
            bytes += s.bytes;
            bytes <= bytes_max && s.end.since(first.base) <= SPAN_MAX
        };
        let count = rest.iter().take_while(fits).count().max(1);
        let (group, after) = rest.split_at(count);
        groups.push(group);
        rest = after;
    }
    groups
}

fn last_of_keys(
    closed: &[Arc<Segment>],
    bytes_max: usize,
) -> Result<HashMap<Bytes, Offset>, ReadError> {
    let mut last: HashMap<Bytes, Offset> = HashMap::new();
    let mut bytes = 0;
    for segment in closed {
        let mut scanner = segment.walk();
        while let Some((header, batch)) = scanner.next_verified()? {
            if header.is_control() {
                continue;
            }
            for record in decode(&batch).map_err(|e| scanner.damaged(e))? {
                let record = record.map_err(|e| scanner.damaged(e))?;
                let Some(key) = record.key else { continue };
                if let Some(offset) = last.get_mut(&key) {
                    *offset = record.offset;
                    continue;
                }
                bytes += key.len() + KEY_OVERHEAD_BYTES;
                if bytes > bytes_max {
                    return Ok(last);
                }
                last.insert(Bytes::copy_from_slice(&key), record.offset);
            }
        }
    }
    Ok(last)
}

/// Says what of a batch stays.
#[derive(Debug)]
pub(super) struct Filter {
    start: Offset,
    last: HashMap<Bytes, Offset>,
    newest_batches: HashSet<Offset>,
    now: Timestamp,
    tombstone_ms: u64,
}

/// What is left of a batch.
#[derive(Debug)]
pub(super) enum Left {
    All,
    Some(Bytes),
    Nothing,
}

impl Filter {
    pub(super) fn apply(
        &self,
        header: &BatchHeader,
        batch: &Bytes,
        done: &mut Compacted,
    ) -> Result<Left, crate::batch::BatchError> {
        if header.is_control() {
            return Ok(Left::All);
        }
        let records: Vec<_> = decode(batch)?.collect::<Result<_, _>>()?;
        let expired = header.delete_horizon().is_some_and(|h| h <= self.now);
        let stays = |r: &Record| self.is_last(r) && !(expired && r.value.is_none());
        let before = records.len();
        let kept: Vec<_> = records.into_iter().filter(stays).collect();
        done.records_before += before as u64;
        done.records_after += kept.len() as u64;
        let tombstones = kept.iter().any(|r| r.value.is_none());
        let marks = tombstones && header.delete_horizon().is_none();
        // An empty batch still says which sequence number its producer used last.
        if kept.is_empty() && !self.newest_batches.contains(&header.last_offset()) {
            return Ok(Left::Nothing);
        }
        if kept.len() == before && !marks {
            return Ok(Left::All);
        }
        Ok(Left::Some(self.rebuild(header, kept, tombstones)))
    }

    fn is_last(&self, record: &Record) -> bool {
        let Some(key) = &record.key else { return false };
        let last = self.last.get(key).copied();
        record.offset >= self.start && last.is_none_or(|last| last <= record.offset)
    }

    fn rebuild(&self, header: &BatchHeader, kept: Vec<Record>, tombstones: bool) -> Bytes {
        let new = || self.now.millis().saturating_add_unsigned(self.tombstone_ms);
        let horizon = tombstones
            .then(|| header.delete_horizon().unwrap_or_else(|| Timestamp::from_millis(new())));
        let mut builder = BatchBuilder::rewriting(header.base_offset, header.attributes, horizon);
        if let Some(id) = header.producer_id {
            let (epoch, base_sequence) = (header.producer_epoch, header.base_sequence);
            builder = builder.producer(Producer { id, epoch, base_sequence });
        }
        let empty_or_set = kept.is_empty() || header.is_append_time();
        let newest = kept.iter().map(|r| r.timestamp).max();
        let max = if empty_or_set { Some(header.max_timestamp) } else { newest };
        for record in kept {
            let delta = record.offset.since(header.base_offset) as i32;
            let Record { timestamp, key, value, headers, .. } = record;
            let headers: Vec<Header> = headers;
            builder.push_at(delta, &NewRecord { timestamp, key, value, headers });
        }
        builder.finish(header.last_offset_delta, max)
    }
}

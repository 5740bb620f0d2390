//! From a moment to an offset.
//!
//! * Timestamps are the producers' and may come in any order; the answer is the first record *by offset* that is late
//!   enough, as Kafka's `ListOffsets` gives it.

use std::sync::Arc;

use pancake_types::{Offset, Timestamp};

use super::{Log, read::segment_file};
use crate::{
    ReadError,
    batch::decode,
    index::{Newest, Start},
    segment::SegmentFile,
};

impl Log {
    /// The first record at or after a moment.
    pub fn offset_at(&self, at: Timestamp) -> Result<Option<(Timestamp, Offset)>, ReadError> {
        let inner = self.lock();
        let (start, closed) = (inner.start, inner.closed.clone());
        let active = &inner.active;
        let last = (active.file.clone(), active.index.before_moment(at), active.index.newest());
        drop(inner);
        let late = |newest: Option<Newest>| newest.is_some_and(|n| n.timestamp >= at);
        for segment in closed.iter().filter(|s| s.end > start) {
            let index = self.index_of(segment)?;
            if !late(index.newest()) {
                continue;
            }
            let file = segment_file(segment);
            let found = first_at(&file, index.before_moment(at), at, start)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        let (file, begin, newest) = last;
        if late(newest) { first_at(&file, begin, at, start) } else { Ok(None) }
    }

    /// The record with the largest timestamp; the first of them if there are several.
    pub fn max_timestamp(&self) -> Result<Option<(Timestamp, Offset)>, ReadError> {
        let inner = self.lock();
        let (start, closed) = (inner.start, inner.closed.clone());
        let mut newest = inner.active.index.newest();
        drop(inner);
        for segment in closed.iter().rev().filter(|s| s.end > start).map(Arc::as_ref) {
            let of_segment = self.index_of(segment)?.newest();
            let older = |n: Newest| newest.is_none_or(|m| m.timestamp <= n.timestamp);
            newest = of_segment.filter(|n| older(*n)).or(newest);
        }
        let Some(newest) = newest else { return Ok(None) };
        self.offset_at(newest.timestamp)
    }
}

fn first_at(
    file: &SegmentFile,
    begin: Start,
    at: Timestamp,
    from: Offset,
) -> Result<Option<(Timestamp, Offset)>, ReadError> {
    let mut scanner = file.seek(begin)?;
    while let Some(header) = scanner.peek()? {
        if header.max_timestamp >= at && header.last_offset() >= from {
            let batch = scanner.batch(&header)?;
            for record in decode(&batch).map_err(|e| scanner.damaged(e))? {
                let record = record.map_err(|e| scanner.damaged(e))?;
                if record.timestamp >= at && record.offset >= from {
                    return Ok(Some((record.timestamp, record.offset)));
                }
            }
        }
        scanner.skip(&header);
    }
    Ok(None)
}

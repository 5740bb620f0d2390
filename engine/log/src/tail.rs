//! The newest appends of a log in memory, so that readers at the end never touch the disk.
//!
//! * Entries are dense: each begins where the one before it ends, and the last ends at the log's end.
//! * Bytes are bounded; the oldest entries go first, and one that is larger than the bound is not kept.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use pancake_types::Offset;

use crate::batch::BatchHeader;

/// What an entry costs beside its bytes.
const ENTRY_BYTES: usize = 96;

#[derive(Debug)]
struct Entry {
    end: Offset,
    batches: Bytes,
}

/// The newest appends.
#[derive(Debug)]
pub(crate) struct Tail {
    start: Offset,
    entries: VecDeque<Entry>,
    bytes: usize,
    bytes_max: usize,
}

/// Whole batches out of a run of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) batches: Bytes,
    pub(crate) next: Offset,
}

impl Tail {
    pub(crate) const fn new(start: Offset, bytes_max: usize) -> Self {
        Self { start, entries: VecDeque::new(), bytes: 0, bytes_max }
    }

    pub(crate) fn set_bytes_max(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max;
        self.shrink();
    }

    /// Adds what was just appended; it ends before `end`.
    pub(crate) fn push(&mut self, batches: Bytes, end: Offset) {
        self.bytes += batches.len() + ENTRY_BYTES;
        self.entries.push_back(Entry { end, batches });
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.bytes > self.bytes_max
            && let Some(oldest) = self.entries.pop_front()
        {
            self.bytes -= oldest.batches.len() + ENTRY_BYTES;
            self.start = oldest.end;
        }
    }

    /// Whole batches from the one that holds `from`; `None` if it is not kept here.
    pub(crate) fn read(&self, from: Offset, bytes_max: usize) -> Option<Cut> {
        if from < self.start {
            return None;
        }
        let first = self.entries.partition_point(|e| e.end <= from);
        let mut cut = cut_batches(&self.entries.get(first)?.batches, from, bytes_max)?;
        if cut.next != self.entries.get(first)?.end || cut.batches.len() >= bytes_max {
            return Some(cut);
        }
        let mut gathered = BytesMut::new();
        for entry in self.entries.range(first + 1..) {
            let total = cut.batches.len().max(gathered.len());
            let room = bytes_max.saturating_sub(total);
            if entry.batches.len() > room {
                break;
            }
            if gathered.is_empty() {
                gathered.extend_from_slice(&cut.batches);
            }
            gathered.extend_from_slice(&entry.batches);
            cut.next = entry.end;
        }
        if !gathered.is_empty() {
            cut.batches = gathered.freeze();
        }
        Some(cut)
    }
}

/// Cuts whole batches out of a run that begins with one: from the one that holds `from`, the first in any case if it is
/// whole, more while they fit. `None` if not even one is whole.
pub(crate) fn cut_batches(run: &Bytes, from: Offset, bytes_max: usize) -> Option<Cut> {
    let (mut start, mut end) = (None, 0_usize);
    let mut next = from;
    while let Some(Ok(header)) = run.get(end..).map(BatchHeader::parse) {
        let after = end + header.bytes;
        if after > run.len() {
            break;
        }
        if header.last_offset() >= from {
            let first = *start.get_or_insert(end);
            if after - first > bytes_max && first != end {
                break;
            }
            next = header.next_offset();
        }
        end = after;
    }
    let start = start?;
    Some(Cut { batches: run.slice(start..end), next })
}

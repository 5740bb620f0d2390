//! Whole batches out of the log, from memory or disk.
//!
//! * The first batch comes in any case, even if it is larger than asked for (KIP-74): a reader always gets on.
//! * Batches come as they were appended; their checksums are the reader's to compare.

use std::sync::Arc;

use pancake_types::Offset;

use super::{Fetched, Inner, Log};
use crate::{
    ReadError,
    index::Start,
    segment::{Segment, SegmentFile},
    tail::{Cut, cut_batches},
};

/// One read takes no more memory than this, unless a single batch is larger.
const READ_BYTES_LIMIT: usize = 64 * 1024 * 1024;

/// Where an offset is to be found.
pub(super) enum Place {
    Memory(Cut),
    Closed(Arc<Segment>),
    Active(SegmentFile, Start),
}

impl Log {
    /// Reads whole batches from the one that holds `from`, up to `bytes_max` bytes; the first even if it is larger.
    /// At the end of the log the answer is empty.
    pub fn read(&self, from: Offset, bytes_max: usize) -> Result<Fetched, ReadError> {
        let bytes_max = bytes_max.min(READ_BYTES_LIMIT);
        let mut at = from;
        loop {
            let inner = self.lock();
            let fetched = inner.nothing_at(at)?;
            if at == inner.end {
                return Ok(fetched);
            }
            let place = inner.place(at, bytes_max);
            drop(inner);
            if let Some(cut) = self.read_place(&place, at, bytes_max)? {
                return Ok(Fetched { batches: cut.batches, next: cut.next, ..fetched });
            }
            // Compaction left nothing from here to the segment's end.
            at = match place {
                Place::Closed(segment) => segment.end,
                Place::Memory(_) | Place::Active(..) => return Ok(fetched),
            };
        }
    }

    fn read_place(
        &self,
        place: &Place,
        from: Offset,
        bytes_max: usize,
    ) -> Result<Option<Cut>, ReadError> {
        match place {
            Place::Memory(cut) => Ok(Some(cut.clone())),
            Place::Active(file, start) => read_file(file, *start, from, bytes_max),
            Place::Closed(segment) => {
                let start = self.index_of(segment)?.before(from);
                read_file(&segment_file(segment), start, from, bytes_max)
            }
        }
    }

    pub(super) fn index_of<'a>(
        &self,
        segment: &'a Segment,
    ) -> Result<&'a crate::index::SparseIndex, ReadError> {
        segment.index(&*self.storage, self.options().index_interval_bytes)
    }
}

impl Inner {
    /// An empty answer, if the offset is one of this log.
    fn nothing_at(&self, offset: Offset) -> Result<Fetched, ReadError> {
        if offset < self.start || offset > self.end {
            let (start, end) = (self.start, self.end);
            return Err(ReadError::OffsetOutOfRange { offset, start, end });
        }
        Ok(Fetched {
            batches: bytes::Bytes::new(),
            next: offset,
            log_start_offset: self.start,
            high_watermark: self.end,
        })
    }

    fn place(&self, from: Offset, bytes_max: usize) -> Place {
        if let Some(cut) = self.tail.read(from, bytes_max) {
            return Place::Memory(cut);
        }
        let at = self.closed.partition_point(|s| s.end <= from);
        match self.closed.get(at) {
            Some(segment) => Place::Closed(Arc::clone(segment)),
            None => Place::Active(self.active.file.clone(), self.active.index.before(from)),
        }
    }
}

/// The file of a closed segment.
pub(super) fn segment_file(segment: &Segment) -> SegmentFile {
    SegmentFile {
        path: segment.path.clone(),
        file: Arc::clone(&segment.file),
        bytes: segment.bytes,
    }
}

fn read_file(
    file: &SegmentFile,
    start: Start,
    from: Offset,
    bytes_max: usize,
) -> Result<Option<Cut>, ReadError> {
    let mut scanner = file.seek(start)?;
    let Some(first) = scanner.skip_to(from)? else { return Ok(None) };
    let run = scanner.read_ahead(bytes_max.max(first.bytes))?;
    match cut_batches(&run, from, bytes_max) {
        Some(cut) => Ok(Some(cut)),
        None => Err(scanner.damaged(crate::batch::BatchError::Short {
            needed: first.bytes as u64,
            found: run.len() as u64,
        })),
    }
}

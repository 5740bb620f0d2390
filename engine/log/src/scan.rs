//! Walks over the batches of a segment file.
//!
//! * Reads go in chunks, so a walk over small batches costs few system calls and a hop over large ones reads little.
//! * A batch is never larger than what remains of the file, so a lying length costs no memory beyond that.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use pancake_types::{Offset, StorageFile};

use crate::{
    ReadError, StorageError,
    batch::{BatchError, BatchHeader, HEADER_BYTES},
    index::Start,
};

/// Chunk of a walk that reads everything.
pub(crate) const WALK_CHUNK_BYTES: usize = 256 * 1024;
/// Chunk of a walk from an index entry to a batch nearby.
pub(crate) const SEEK_CHUNK_BYTES: usize = 8 * 1024;

/// A place in a segment file, moving forward batch by batch.
#[derive(Debug)]
pub(crate) struct Scanner {
    file: Arc<dyn StorageFile>,
    path: PathBuf,
    position: u64,
    end: u64,
    chunk: Bytes,
    chunk_position: u64,
    chunk_bytes: usize,
}

impl Scanner {
    /// Begins at a position; bytes from `end` on are not looked at.
    pub(crate) fn new(file: &Arc<dyn StorageFile>, path: &Path, span: (u64, u64)) -> Self {
        Self {
            file: Arc::clone(file),
            path: path.to_owned(),
            position: span.0,
            end: span.1,
            chunk: Bytes::new(),
            chunk_position: 0,
            chunk_bytes: WALK_CHUNK_BYTES,
        }
    }

    /// Begins where an index says; at the start of the file if no such batch lies there.
    pub(crate) fn seek(
        file: &Arc<dyn StorageFile>,
        path: &Path,
        start: Start,
        end: u64,
    ) -> Result<Self, ReadError> {
        let mut scanner = Self::new(file, path, (start.position, end));
        scanner.chunk_bytes = SEEK_CHUNK_BYTES;
        let Some(offset) = start.offset else { return Ok(scanner) };
        match scanner.peek() {
            Ok(Some(header)) if header.last_offset() == offset => {}
            Err(ReadError::Storage(e)) => return Err(e.into()),
            _ => {
                tracing::warn!(path = %path.display(), "index does not fit its log; walking");
                scanner.position = 0;
            }
        }
        Ok(scanner)
    }

    /// Position of the next batch.
    pub(crate) const fn position(&self) -> u64 {
        self.position
    }

    /// The next batch's header, or `None` at the end.
    pub(crate) fn peek(&mut self) -> Result<Option<BatchHeader>, ReadError> {
        if self.position >= self.end {
            return Ok(None);
        }
        let needed = HEADER_BYTES.min((self.end - self.position) as usize);
        let head = self.bytes(needed)?;
        let header = BatchHeader::parse(&head).map_err(|e| self.damaged(e))?;
        let left = self.end - self.position;
        if header.bytes as u64 > left {
            let short = BatchError::Short { needed: header.bytes as u64, found: left };
            return Err(self.damaged(short));
        }
        Ok(Some(header))
    }

    /// The next batch whole, which `header` was just read from; the walk stays before it.
    pub(crate) fn batch(&mut self, header: &BatchHeader) -> Result<Bytes, ReadError> {
        self.bytes(header.bytes)
    }

    /// The next batch whole and with a right checksum; the walk goes on behind it.
    pub(crate) fn next_verified(&mut self) -> Result<Option<(BatchHeader, Bytes)>, ReadError> {
        let Some(header) = self.peek()? else { return Ok(None) };
        let batch = self.batch(&header)?;
        header.verify(&batch).map_err(|e| self.damaged(e))?;
        self.skip(&header);
        Ok(Some((header, batch)))
    }

    /// Goes on behind the batch.
    pub(crate) const fn skip(&mut self, header: &BatchHeader) {
        self.position += header.bytes as u64;
    }

    /// Goes on to the batch that holds `from`, or the first behind it; `None` if there is none.
    pub(crate) fn skip_to(&mut self, from: Offset) -> Result<Option<BatchHeader>, ReadError> {
        while let Some(header) = self.peek()? {
            if header.last_offset() >= from {
                return Ok(Some(header));
            }
            self.skip(&header);
        }
        Ok(None)
    }

    /// Up to `bytes_max` bytes from the next batch on, in one read.
    pub(crate) fn read_ahead(&self, bytes_max: usize) -> Result<Bytes, ReadError> {
        let left = usize::try_from(self.end.saturating_sub(self.position)).unwrap_or(usize::MAX);
        self.read(bytes_max.min(left))
    }

    /// An error at the next batch.
    pub(crate) fn damaged(&self, source: BatchError) -> ReadError {
        ReadError::Damaged { path: self.path.clone(), position: self.position, source }
    }

    fn bytes(&mut self, needed: usize) -> Result<Bytes, ReadError> {
        let skipped = self.position.checked_sub(self.chunk_position).map(|s| s as usize);
        let there = skipped.filter(|s| s.saturating_add(needed) <= self.chunk.len());
        if let Some(skipped) = there {
            return Ok(self.chunk.slice(skipped..skipped + needed));
        }
        let left = self.end.saturating_sub(self.position) as usize;
        self.chunk = self.read(self.chunk_bytes.max(needed).min(left))?;
        self.chunk_position = self.position;
        if self.chunk.len() < needed {
            let found = self.chunk.len() as u64;
            return Err(self.damaged(BatchError::Short { needed: needed as u64, found }));
        }
        Ok(self.chunk.slice(..needed))
    }

    fn read(&self, bytes: usize) -> Result<Bytes, ReadError> {
        let mut buffer = vec![0; bytes];
        let read = self.file.read_at(&mut buffer, self.position);
        let read = read.map_err(StorageError::at("read", &self.path))?;
        buffer.truncate(read);
        Ok(buffer.into())
    }
}

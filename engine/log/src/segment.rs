//! The files of a log: closed segments, which never change, and the active one, which grows.
//!
//! * A closed segment's offsets end where the next segment begins; compaction may leave gaps between its batches.
//! * Its index is read when first asked for: from the index files, or by a walk if they make no sense.
//! * A reader holds the file itself, so a segment may be deleted or replaced under it.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use pancake_types::{Offset, Storage, StorageFile, Timestamp};

use crate::{
    ReadError, StorageError,
    batch::BatchHeader,
    index::{Saved, SparseIndex, Start},
    scan::Scanner,
    state::{read_file, segment_path},
};

/// No index file is larger: a segment has less than 2 GiB and an entry is for some batch of it.
const INDEX_FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// A segment that takes no more appends.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) base: Offset,
    /// Where the next segment begins.
    pub(crate) end: Offset,
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<dyn StorageFile>,
    pub(crate) bytes: u64,
    index: OnceLock<SparseIndex>,
}

impl Segment {
    /// A segment that was just closed or written, with its index.
    pub(crate) fn with_index(
        span: (Offset, Offset),
        file: SegmentFile,
        index: SparseIndex,
    ) -> Self {
        let SegmentFile { path, file, bytes } = file;
        Self { base: span.0, end: span.1, path, file, bytes, index: index.into() }
    }

    /// A segment that is found on disk; only its length is looked at.
    pub(crate) fn found(
        storage: &dyn Storage,
        dir: &Path,
        span: (Offset, Offset),
    ) -> Result<Self, StorageError> {
        let SegmentFile { path, file, bytes } = SegmentFile::open(storage, dir, span.0, false)?;
        Ok(Self { base: span.0, end: span.1, path, file, bytes, index: OnceLock::new() })
    }

    /// The index, read or rebuilt if nobody has asked before.
    pub(crate) fn index(
        &self,
        storage: &dyn Storage,
        interval: u32,
    ) -> Result<&SparseIndex, ReadError> {
        if let Some(index) = self.index.get() {
            return Ok(index);
        }
        let dir = self.path.parent().unwrap_or(Path::new(""));
        let mut index = read_index(storage, dir, (self.base, self.end), self.bytes)?;
        if index.newest().is_none() && self.bytes > 0 {
            index = self.rebuild(interval)?;
        }
        Ok(self.index.get_or_init(|| index))
    }

    /// The index, if somebody has asked for it before.
    pub(crate) fn index_in_memory(&self) -> Option<&SparseIndex> {
        self.index.get()
    }

    fn rebuild(&self, interval: u32) -> Result<SparseIndex, ReadError> {
        let mut index = SparseIndex::new(self.base);
        let mut scanner = self.walk();
        while let Some(header) = scanner.peek()? {
            index.add(&header, scanner.position(), interval);
            scanner.skip(&header);
        }
        index.close();
        Ok(index)
    }

    /// Walks over all batches.
    pub(crate) fn walk(&self) -> Scanner {
        Scanner::new(&self.file, &self.path, (0, self.bytes))
    }
}

/// An open `.log` file and how many of its bytes count.
#[derive(Clone, Debug)]
pub(crate) struct SegmentFile {
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<dyn StorageFile>,
    pub(crate) bytes: u64,
}

impl SegmentFile {
    pub(crate) fn open(
        storage: &dyn Storage,
        dir: &Path,
        base: Offset,
        create: bool,
    ) -> Result<Self, StorageError> {
        let path = segment_path(dir, base, "log");
        let file = storage.open(&path, create).map_err(StorageError::at("open", &path))?;
        let bytes = file.len().map_err(StorageError::at("read", &path))?;
        Ok(Self { path, file, bytes })
    }

    /// Walks from near a batch, or from the start if the index does not fit.
    pub(crate) fn seek(&self, start: Start) -> Result<Scanner, ReadError> {
        Scanner::seek(&self.file, &self.path, start, self.bytes)
    }
}

/// The segment that appends go to.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) base: Offset,
    pub(crate) file: SegmentFile,
    pub(crate) index: SparseIndex,
    pub(crate) saved: Saved,
    /// When its first append since the log was opened came.
    pub(crate) opened_at: Option<Timestamp>,
}

impl Active {
    /// Makes a new segment file. What a crash may have left under the name goes.
    pub(crate) fn create(
        storage: &dyn Storage,
        dir: &Path,
        base: Offset,
    ) -> Result<Self, StorageError> {
        let mut file = SegmentFile::open(storage, dir, base, true)?;
        if file.bytes > 0 {
            file.file.truncate(0).map_err(StorageError::at("truncate", &file.path))?;
            file.bytes = 0;
        }
        let index = SparseIndex::new(base);
        Ok(Self { base, file, index, saved: Saved::default(), opened_at: None })
    }

    /// Writes at the end, in one call.
    pub(crate) fn write(&mut self, batches: &Bytes) -> Result<(), StorageError> {
        let written = self.file.file.write_at(batches, self.file.bytes);
        written.map_err(StorageError::at("write", &self.file.path))
    }

    /// Takes note of a written batch.
    pub(crate) fn note(&mut self, header: &BatchHeader, interval: u32) {
        self.index.add(header, self.file.bytes, interval);
        self.file.bytes += header.bytes as u64;
    }

    /// Takes no more appends; `end` is where the next segment begins.
    pub(crate) fn close(mut self, end: Offset) -> (Segment, Saved) {
        self.index.close();
        (Segment::with_index((self.base, end), self.file, self.index), self.saved)
    }
}

/// Reads the index files of a segment of which `bytes` bytes count.
pub(crate) fn read_index(
    storage: &dyn Storage,
    dir: &Path,
    span: (Offset, Offset),
    bytes: u64,
) -> Result<SparseIndex, StorageError> {
    let read = |extension| {
        let path = segment_path(dir, span.0, extension);
        Ok::<_, StorageError>(read_file(storage, &path, INDEX_FILE_BYTES_MAX)?.unwrap_or_default())
    };
    let files = (&*read("index")?, &*read("timeindex")?);
    Ok(SparseIndex::read(span.0, files, bytes, span.1))
}

/// Writes the entries that are not in the index files yet, over whatever lies there.
pub(crate) fn write_index(
    storage: &dyn Storage,
    dir: &Path,
    base: Offset,
    tails: &[(&str, (u64, Vec<u8>))],
    sync: bool,
) -> Result<(), StorageError> {
    for (extension, (position, entries)) in tails {
        if entries.is_empty() && !sync {
            continue;
        }
        let path = segment_path(dir, base, extension);
        let file = storage.open(&path, true).map_err(StorageError::at("open", &path))?;
        file.write_at(entries, *position).map_err(StorageError::at("write", &path))?;
        if sync {
            let end = position + entries.len() as u64;
            file.truncate(end)
                .and_then(|()| file.sync())
                .map_err(StorageError::at("sync", &path))?;
        }
    }
    Ok(())
}

//! Replaces a run of closed segments by one, so that a crash leaves either the old or the new.
//!
//! * The new file is whole and synced before it gets a name that counts: `<base>-<end>.swap`. That rename is the moment
//!   of decision; from then on an open finishes what is left to do.
//! * Then the old files go, then the new one takes its place, each step synced before the next.

use std::{path::Path, sync::Arc};

use bytes::{Bytes, BytesMut};
use pancake_types::{Offset, Storage};

use super::{
    Compacted, Inner, Log,
    compact::{Filter, Left},
    recover::remove_segment,
};
use crate::{
    MaintenanceError, StorageError,
    batch::BatchHeader,
    index::SparseIndex,
    segment::{Segment, SegmentFile},
    state::segment_path,
};

const WRITE_CHUNK_BYTES: usize = 256 * 1024;

impl Log {
    pub(super) fn rewrite_group(
        &self,
        group: &[Arc<Segment>],
        filter: &Filter,
        done: &mut Compacted,
    ) -> Result<(), MaintenanceError> {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { return Ok(()) };
        let span = (first.base, last.end);
        let cleaned = self.dir.join(format!("{:020}-{:020}.cleaned", span.0.get(), span.1.get()));
        let mut writer = self.writer(&cleaned, span.0)?;
        let before: u64 = group.iter().map(|s| s.bytes).sum();
        for segment in group {
            let mut scanner = segment.walk();
            while let Some((header, batch)) = scanner.next_verified()? {
                let left = filter.apply(&header, &batch, done).map_err(|e| scanner.damaged(e))?;
                writer.changed |= !matches!(left, Left::All);
                match left {
                    Left::All => writer.push(&batch)?,
                    Left::Some(rebuilt) => writer.push(&rebuilt)?,
                    Left::Nothing => {}
                }
            }
        }
        writer.flush()?;
        done.bytes_before += before;
        done.bytes_after += writer.file.bytes;
        if group.len() == 1 && !writer.changed {
            self.storage.remove_file(&cleaned).map_err(StorageError::at("remove", &cleaned))?;
            return Ok(());
        }
        let segment = writer.finish(span, segment_path(&self.dir, span.0, "log"))?;
        let swapped = swap(&*self.storage, &self.dir, &cleaned, group);
        let mut inner = self.lock();
        swapped.map_err(|e| inner.poison(e))?;
        inner.replace(group, segment);
        Ok(())
    }

    fn writer(&self, path: &Path, base: Offset) -> Result<Writer, StorageError> {
        let file = self.storage.open(path, true).map_err(StorageError::at("open", path))?;
        file.truncate(0).map_err(StorageError::at("truncate", path))?;
        Ok(Writer {
            file: SegmentFile { path: path.to_owned(), file, bytes: 0 },
            index: SparseIndex::new(base),
            interval: self.options().index_interval_bytes,
            buffer: BytesMut::with_capacity(WRITE_CHUNK_BYTES),
            changed: false,
        })
    }
}

impl Inner {
    fn replace(&mut self, group: &[Arc<Segment>], segment: Segment) {
        let at = self.closed.partition_point(|s| s.end <= segment.base);
        let until = self.closed.partition_point(|s| s.end <= segment.end);
        debug_assert_eq!(until - at, group.len(), "only maintenance changes closed segments");
        self.closed.splice(at..until, [Arc::new(segment)]);
    }
}

/// Collects the batches of a new segment.
struct Writer {
    file: SegmentFile,
    index: SparseIndex,
    interval: u32,
    buffer: BytesMut,
    changed: bool,
}

impl Writer {
    fn push(&mut self, batch: &Bytes) -> Result<(), MaintenanceError> {
        // The batch was verified when it was read, or just built.
        if let Ok(header) = BatchHeader::parse(batch) {
            let position = self.file.bytes + self.buffer.len() as u64;
            self.index.add(&header, position, self.interval);
        }
        self.buffer.extend_from_slice(batch);
        if self.buffer.len() >= WRITE_CHUNK_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StorageError> {
        let written = self.file.file.write_at(&self.buffer, self.file.bytes);
        written.map_err(StorageError::at("write", &self.file.path))?;
        self.file.bytes += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn finish(
        mut self,
        span: (Offset, Offset),
        path: std::path::PathBuf,
    ) -> Result<Segment, StorageError> {
        self.file.file.sync().map_err(StorageError::at("sync", &self.file.path))?;
        self.index.close();
        Ok(Segment::with_index(span, SegmentFile { path, ..self.file }, self.index))
    }
}

fn swap(
    storage: &dyn Storage,
    dir: &Path,
    cleaned: &Path,
    group: &[Arc<Segment>],
) -> Result<(), StorageError> {
    let swap = cleaned.with_extension("swap");
    storage.rename(cleaned, &swap).map_err(StorageError::at("rename", cleaned))?;
    storage.sync_dir(dir).map_err(StorageError::at("sync", dir))?;
    let old: Vec<_> = group.iter().map(|s| s.base).collect();
    finish_swap(storage, dir, &swap, &old)
}

fn finish_swap(
    storage: &dyn Storage,
    dir: &Path,
    swap: &Path,
    old: &[Offset],
) -> Result<(), StorageError> {
    let Some((base, _)) = span_of(swap) else { return Ok(()) };
    for base in old {
        remove_segment(storage, dir, *base)?;
    }
    storage.sync_dir(dir).map_err(StorageError::at("sync", dir))?;
    let path = segment_path(dir, base, "log");
    storage.rename(swap, &path).map_err(StorageError::at("rename", swap))?;
    storage.sync_dir(dir).map_err(StorageError::at("sync", dir))
}

/// Finishes the replacements that a crash interrupted.
pub(super) fn finish_swaps(storage: &dyn Storage, dir: &Path) -> Result<(), StorageError> {
    let paths = storage.list(dir).map_err(StorageError::at("list", dir))?;
    for swap in &paths {
        let Some((base, end)) = span_of(swap) else { continue };
        let old: Vec<_> = paths
            .iter()
            .filter_map(|p| super::recover::base_of(p))
            .filter(|b| *b >= base && *b < end)
            .collect();
        tracing::info!(path = %swap.display(), "finishing an interrupted compaction");
        finish_swap(storage, dir, swap, &old)?;
    }
    Ok(())
}

/// The span in the name `<base>-<end>.swap`.
fn span_of(path: &Path) -> Option<(Offset, Offset)> {
    let name = path.file_name()?.to_str()?.strip_suffix(".swap")?;
    let (base, end) = name.split_once('-')?;
    Some((Offset::new(base.parse().ok()?), Offset::new(end.parse().ok()?)))
}

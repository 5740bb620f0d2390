//! Opening a log, after a clean stop or a crash.
//!
//! * Segments before the recovery point are not read. From there on every batch is checked, and the log ends before the
//!   first that is short, has a wrong checksum, or does not follow the one before it.
//! * What lies before the recovery point had been synced: if it is damaged, nothing is repaired and the log refuses.
//! * A compaction that a crash interrupted is finished or forgotten, never half done.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use pancake_types::{Offset, Storage};

use super::{Durable, Health, Inner, Log, Recovery, rewrite};
use crate::{
    LogOptions, ReadError, RecoverError, StorageError,
    batch::BatchHeader,
    index::{Saved, SparseIndex},
    producers::Producers,
    scan::Scanner,
    segment::{Active, Segment, SegmentFile, read_index},
    state::{State, is_leftover},
    tail::Tail,
};

pub(super) fn open(
    storage: Arc<dyn Storage>,
    dir: &Path,
    options: Arc<LogOptions>,
) -> Result<(Log, Recovery), RecoverError> {
    let dir_new = !storage.exists(dir);
    if dir_new {
        storage.create_dir_all(dir).map_err(StorageError::at("create", dir))?;
    }
    rewrite::finish_swaps(&*storage, dir)?;
    let state = State::load(&*storage, dir)?;
    let bases = clean_listing(&*storage, dir, state.as_ref())?;
    let mut recoverer = Recoverer::new(&*storage, dir, options, state);
    recoverer.find_closed(&bases)?;
    recoverer.scan(&bases)?;
    let (mut inner, recovery) = recoverer.finish(&bases)?;
    inner.durable.dir_new |= dir_new;
    let log = Log {
        storage,
        dir: dir.to_owned(),
        inner: Mutex::new(inner),
        syncing: Mutex::new(()),
        maintenance: Mutex::new(()),
    };
    Ok((log, recovery))
}

/// Base offsets of the segments that count, sorted; what a crash left over is removed.
fn clean_listing(
    storage: &dyn Storage,
    dir: &Path,
    state: Option<&State>,
) -> Result<Vec<Offset>, StorageError> {
    let paths = storage.list(dir).map_err(StorageError::at("list", dir))?;
    for path in paths.iter().filter(|p| is_leftover(p)) {
        storage.remove_file(path).map_err(StorageError::at("remove", path))?;
    }
    let mut bases: Vec<_> = paths.iter().filter_map(|p| base_of(p)).collect();
    bases.sort_unstable();
    // Deleted before the crash, but the deletion itself was not synced.
    let start = state.map_or(Offset::ZERO, |s| s.log_start);
    let gone = bases.windows(2).take_while(|w| w.last().is_some_and(|end| *end <= start)).count();
    for base in bases.drain(..gone) {
        remove_segment(storage, dir, base)?;
    }
    Ok(bases)
}

pub(super) fn base_of(path: &Path) -> Option<Offset> {
    let name = path.file_name()?.to_str()?.strip_suffix(".log")?;
    let digits = name.len() == 20 && name.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| name.parse().ok().map(Offset::new))?
}

/// Removes the files of a segment, indexes first. Files that are not there are fine.
pub(super) fn remove_segment(
    storage: &dyn Storage,
    dir: &Path,
    base: Offset,
) -> Result<(), StorageError> {
    for extension in ["index", "timeindex", "log"] {
        let path = crate::state::segment_path(dir, base, extension);
        match storage.remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                return Err(StorageError::at("remove", &path)(e));
            }
            _ => {}
        }
    }
    Ok(())
}

struct Recoverer<'a> {
    storage: &'a dyn Storage,
    dir: &'a Path,
    options: Arc<LogOptions>,
    state: Option<State>,
    closed: Vec<Arc<Segment>>,
    unsynced: Vec<(Arc<Segment>, Saved)>,
    producers: Producers,
    /// The last segment scanned, open for appends if no other follows.
    last: Option<Active>,
    end: Offset,
    torn: bool,
    recovery: Recovery,
}

impl<'a> Recoverer<'a> {
    fn new(
        storage: &'a dyn Storage,
        dir: &'a Path,
        options: Arc<LogOptions>,
        mut state: Option<State>,
    ) -> Self {
        let producers = state.as_mut().map(|s| std::mem::take(&mut s.producers));
        Self {
            storage,
            dir,
            options,
            state,
            closed: Vec::new(),
            unsynced: Vec::new(),
            producers: producers.unwrap_or_default(),
            last: None,
            end: Offset::ZERO,
            torn: false,
            recovery: Recovery::default(),
        }
    }

    /// Segments before the one that the recovery point names: taken as they are.
    fn find_closed(&mut self, bases: &[Offset]) -> Result<(), RecoverError> {
        let Some(state) = &self.state else { return Ok(()) };
        for pair in bases.windows(2) {
            let [base, end] = *pair else { continue };
            if base < state.segment {
                let segment = Segment::found(self.storage, self.dir, (base, end))?;
                self.closed.push(segment.into());
            }
        }
        let there = bases.contains(&state.segment);
        // A new segment's name may be lost before anything was synced in it.
        if !there && (state.position > 0 || state.recovery_point != state.segment) {
            let path = crate::state::segment_path(self.dir, state.segment, "log");
            return Err(RecoverError::Missing { path, recovery_point: state.recovery_point });
        }
        if !there && let Some(&base) = bases.last().filter(|b| **b < state.segment) {
            let segment = Segment::found(self.storage, self.dir, (base, state.segment))?;
            self.closed.push(segment.into());
        }
        Ok(())
    }

    /// Reads everything behind the recovery point, up to the first damage.
    fn scan(&mut self, bases: &[Offset]) -> Result<(), RecoverError> {
        let known = self.state.as_ref().map(|s| s.segment);
        self.end = known.or(bases.first().copied()).unwrap_or_default();
        let open = bases.iter().copied().filter(|b| known.is_none_or(|k| *b >= k));
        for base in open {
            if self.torn || !self.follows(base) {
                self.torn = true;
                self.drop_segment(base)?;
                continue;
            }
            if let Some(before) = self.last.take() {
                self.close_scanned(before, base);
            }
            self.end = base;
            self.scan_segment(base)?;
        }
        Ok(())
    }

    fn follows(&self, base: Offset) -> bool {
        base == self.end || (self.gaps_allowed() && base > self.end)
    }

    /// Compaction leaves gaps, and only where it came is the recovery point ahead of it.
    fn gaps_allowed(&self) -> bool {
        self.state.is_none() && self.options.cleanup.compacts()
    }

    fn close_scanned(&mut self, before: Active, end: Offset) {
        let (segment, saved) = before.close(end);
        let segment = Arc::new(segment);
        self.closed.push(Arc::clone(&segment));
        self.unsynced.push((segment, saved));
    }

    fn scan_segment(&mut self, base: Offset) -> Result<(), RecoverError> {
        let mut file = SegmentFile::open(self.storage, self.dir, base, false)?;
        let (mut index, mut from) = (SparseIndex::new(base), 0);
        let mut saved = Saved::default();
        if let Some(state) = self.state.as_ref().filter(|s| s.segment == base) {
            index = known_part(self.storage, (self.dir, &file), state, &self.options)?;
            saved = index.saved_when_written();
            (self.end, from) = (state.recovery_point, state.position);
        }
        let mut scanner = Scanner::new(&file.file, &file.path, (from, file.bytes));
        loop {
            let position = scanner.position();
            match scanner.next_verified() {
                Ok(Some((header, _))) if self.continues(&header) => {
                    index.add(&header, position, self.options.index_interval_bytes);
                    self.producers.note(&header, None, self.options.producers_max);
                    self.end = header.next_offset();
                    self.recovery.scanned_batches += 1;
                    self.recovery.scanned_bytes += header.bytes as u64;
                }
                Ok(None) => break,
                Err(ReadError::Storage(e)) => return Err(e.into()),
                Ok(Some(_)) | Err(_) => {
                    self.cut(&mut file, position)?;
                    break;
                }
            }
        }
        self.last = Some(Active { base, file, index, saved, opened_at: None });
        Ok(())
    }

    fn continues(&self, header: &BatchHeader) -> bool {
        header.base_offset == self.end || (self.gaps_allowed() && header.base_offset > self.end)
    }

    fn cut(&mut self, file: &mut SegmentFile, position: u64) -> Result<(), StorageError> {
        let bytes = file.bytes - position;
        tracing::warn!(path = %file.path.display(), bytes, "cutting a torn tail");
        self.recovery.truncated_bytes += bytes;
        self.torn = true;
        file.bytes = position;
        file.file
            .truncate(position)
            .and_then(|()| file.file.sync())
            .map_err(StorageError::at("truncate", &file.path))
    }

    /// Removes a segment that lies behind the torn tail.
    fn drop_segment(&mut self, base: Offset) -> Result<(), StorageError> {
        let file = SegmentFile::open(self.storage, self.dir, base, false)?;
        self.recovery.truncated_bytes += file.bytes;
        remove_segment(self.storage, self.dir, base)
    }

    fn finish(mut self, bases: &[Offset]) -> Result<(Inner, Recovery), RecoverError> {
        if self.torn {
            self.storage.sync_dir(self.dir).map_err(StorageError::at("sync", self.dir))?;
        }
        let created = self.last.is_none();
        let active = match self.last {
            Some(active) => active,
            None => Active::create(self.storage, self.dir, self.end)?,
        };
        let first = bases.first().copied().unwrap_or(self.end);
        let state = self.state.as_ref();
        let start = state.map_or(first, |s| s.log_start.max(first)).min(self.end);
        let durable = Durable {
            end: state.map_or(Offset::ZERO, |s| s.recovery_point),
            unsynced: std::mem::take(&mut self.unsynced),
            names_dirty: created || state.is_none(),
            dir_new: state.is_none(),
            state_dirty: state.is_none() || self.recovery.scanned_batches > 0,
        };
        let inner = Inner {
            health: Health::Writable,
            start,
            end: self.end,
            closed: self.closed,
            active,
            tail: Tail::new(self.end, self.options.tail_cache_bytes_max),
            producers: self.producers,
            durable,
            cleaned_to: Offset::ZERO,
            options: self.options,
        };
        Ok((inner, self.recovery))
    }
}

/// The index of the segment that the recovery point lies in, up to there. The last stretch is checked, so that an index
/// that does not fit, or a segment that lost what was synced, shows here.
fn known_part(
    storage: &dyn Storage,
    place: (&Path, &SegmentFile),
    state: &State,
    options: &LogOptions,
) -> Result<SparseIndex, RecoverError> {
    let (dir, file) = place;
    let span = (state.segment, state.recovery_point);
    let damaged = |position| RecoverError::Damaged {
        path: PathBuf::from(&file.path),
        position,
        recovery_point: state.recovery_point,
    };
    if file.bytes < state.position {
        return Err(damaged(file.bytes));
    }
    let mut index = read_index(storage, dir, span, state.position)?;
    let from = index.last().position;
    let walk = |from| Scanner::new(&file.file, &file.path, (from, state.position));
    if walk_to_point(&mut walk(from), state, |_, _| ())?.is_err() {
        index = SparseIndex::new(state.segment);
        let interval = options.index_interval_bytes;
        let all = walk_to_point(&mut walk(0), state, |h, at| index.add(h, at, interval))?;
        all.map_err(damaged)?;
    }
    index.set_newest(state.newest);
    Ok(index)
}

/// Walks exactly to the recovery point; inside, the position of the damage.
fn walk_to_point(
    scanner: &mut Scanner,
    state: &State,
    mut each: impl FnMut(&BatchHeader, u64),
) -> Result<Result<(), u64>, StorageError> {
    let mut end = (scanner.position() == state.position).then_some(state.recovery_point);
    loop {
        let position = scanner.position();
        match scanner.next_verified() {
            Ok(Some((header, _))) => {
                let follows = end.is_none_or(|e| e == header.base_offset);
                if !follows {
                    return Ok(Err(position));
                }
                each(&header, position);
                end = Some(header.next_offset());
            }
            Ok(None) if end == Some(state.recovery_point) => return Ok(Ok(())),
            Err(ReadError::Storage(e)) => return Err(e),
            Ok(None) | Err(_) => return Ok(Err(position)),
        }
    }
}

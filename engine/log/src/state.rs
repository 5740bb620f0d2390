//! The recovery point: up to where a log is known to be durable, and what a scan of that part would tell.
//!
//! * It is written only after everything it names was synced, so damage before it is damage, not a torn tail.
//! * Two files hold it. `recovery-point` is itself synced, whenever segments were closed or removed. `recovery-point.cache`
//!   is written after every sync and is not: it survives the process, and after a power cut its checksum decides.
//! * The text is for people too; its last line is the checksum of all before it.

use std::{
    collections::VecDeque,
    fmt::Write,
    io,
    path::{Path, PathBuf},
    str::{FromStr, SplitAsciiWhitespace},
};

use pancake_types::{Offset, Storage, Timestamp};

use crate::{
    StorageError,
    index::Newest,
    producers::{BATCHES_KEPT, ProducerState, Producers, SeenBatch},
};

const DURABLE: &str = "recovery-point";
const CACHE: &str = "recovery-point.cache";
const FIRST_LINE: &str = "pancake-log 1";
/// No recovery point is larger; the table of producers bounds it.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The recovery point of one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    /// First offset that readers get.
    pub(crate) log_start: Offset,
    /// Everything before this offset is durable.
    pub(crate) recovery_point: Offset,
    /// Segment that this offset lies in, and the position there.
    pub(crate) segment: Offset,
    pub(crate) position: u64,
    /// Newest moment of that segment before the position.
    pub(crate) newest: Option<Newest>,
    /// The producers as of the recovery point.
    pub(crate) producers: Producers,
}

/// Whether a recovery point must survive a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    Durable,
    Cached,
}

impl State {
    /// The newest valid recovery point of a directory, with the start of the log wherever it is noted.
    pub(crate) fn load(storage: &dyn Storage, dir: &Path) -> Result<Option<Self>, StorageError> {
        let durable = Self::load_file(storage, &dir.join(DURABLE))?;
        let cached = Self::load_file(storage, &dir.join(CACHE))?;
        let start = durable.iter().chain(&cached).map(|s| s.log_start).max();
        let place = |s: &Self| (s.recovery_point, s.segment);
        let newest = durable.into_iter().chain(cached).max_by_key(place);
        Ok(newest.map(|s| Self { log_start: start.unwrap_or(s.log_start), ..s }))
    }

    fn load_file(storage: &dyn Storage, path: &Path) -> Result<Option<Self>, StorageError> {
        let Some(bytes) = read_file(storage, path, FILE_BYTES_MAX)? else { return Ok(None) };
        let state = std::str::from_utf8(&bytes).ok().and_then(Self::parse);
        if state.is_none() {
            tracing::warn!(path = %path.display(), "recovery point is torn; another one is used");
        }
        Ok(state)
    }

    /// Writes an encoded recovery point. Everything that it names must be durable.
    pub(crate) fn save(
        storage: &dyn Storage,
        dir: &Path,
        text: &str,
        keep: Keep,
    ) -> Result<(), StorageError> {
        let name = if keep == Keep::Durable { DURABLE } else { CACHE };
        let path = dir.join(name);
        let temporary = dir.join(format!("{name}.tmp"));
        let file = storage.open(&temporary, true).map_err(StorageError::at("open", &temporary))?;
        file.truncate(0)
            .and_then(|()| file.write_at(text.as_bytes(), 0))
            .map_err(StorageError::at("write", &temporary))?;
        if keep == Keep::Durable {
            file.sync().map_err(StorageError::at("sync", &temporary))?;
        }
        storage.rename(&temporary, &path).map_err(StorageError::at("rename", &temporary))?;
        if keep == Keep::Durable {
            storage.sync_dir(dir).map_err(StorageError::at("sync", dir))?;
        }
        Ok(())
    }

    pub(crate) fn encode(&self) -> String {
        let mut text = format!(
            "{FIRST_LINE}\nlog_start {}\nrecovery_point {}\nsegment {}\nposition {}\n",
            self.log_start, self.recovery_point, self.segment, self.position
        );
        // Writing to a text cannot fail.
        if let Some(newest) = self.newest {
            let _ = writeln!(text, "newest {} {}", newest.timestamp.millis(), newest.offset);
        }
        for (id, state) in self.producers.iter() {
            let seen = state.last_seen.map_or_else(|| "-".to_owned(), |t| t.millis().to_string());
            let _ = write!(text, "producer {id} {} {seen}", state.epoch);
            for b in &state.batches {
                let (first, last) = (b.first_sequence, b.last_sequence);
                let _ = write!(text, " {first} {last} {} {}", b.base_offset, b.last_offset);
            }
            text.push('\n');
        }
        let _ = writeln!(text, "crc32c {:08x}", crc32c::crc32c(text.as_bytes()));
        text
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (body, sum) = text.strip_suffix('\n')?.rsplit_once("\ncrc32c ")?;
        let summed = text.get(..=body.len())?;
        if u32::from_str_radix(sum, 16).ok()? != crc32c::crc32c(summed.as_bytes()) {
            return None;
        }
        let mut lines = body.lines();
        if lines.next()? != FIRST_LINE {
            return None;
        }
        let mut fixed = |name: &str| lines.next()?.strip_prefix(name)?.trim().parse().ok();
        let mut state = Self {
            log_start: Offset::new(fixed("log_start")?),
            recovery_point: Offset::new(fixed("recovery_point")?),
            segment: Offset::new(fixed("segment")?),
            position: fixed("position")?,
            newest: None,
            producers: Producers::default(),
        };
        for line in lines {
            let mut words = line.split_ascii_whitespace();
            match words.next()? {
                "newest" => state.newest = Some(parse_newest(&mut words)?),
                "producer" => {
                    let (id, producer) = parse_producer(&mut words)?;
                    state.producers.insert(id, producer);
                }
                _ => return None,
            }
        }
        Some(state)
    }
}

fn word<T: FromStr>(words: &mut SplitAsciiWhitespace<'_>) -> Option<T> {
    words.next()?.parse().ok()
}

fn parse_newest(words: &mut SplitAsciiWhitespace<'_>) -> Option<Newest> {
    let timestamp = Timestamp::from_millis(word(words)?);
    Some(Newest { timestamp, offset: Offset::new(word(words)?) })
}

fn parse_producer(words: &mut SplitAsciiWhitespace<'_>) -> Option<(i64, ProducerState)> {
    let id = word(words)?;
    let epoch = word(words)?;
    let last_seen = match words.next()? {
        "-" => None,
        millis => Some(Timestamp::from_millis(millis.parse().ok()?)),
    };
    let mut batches = VecDeque::new();
    while let Some(first_sequence) = word(words) {
        let last_sequence = word(words)?;
        let base_offset = Offset::new(word(words)?);
        let last_offset = Offset::new(word(words)?);
        batches.push_back(SeenBatch { first_sequence, last_sequence, base_offset, last_offset });
    }
    let whole = batches.len() <= BATCHES_KEPT;
    whole.then_some((id, ProducerState { epoch, last_seen, batches }))
}

/// A small file's bytes, or `None` if there is no such file.
pub(crate) fn read_file(
    storage: &dyn Storage,
    path: &Path,
    bytes_max: u64,
) -> Result<Option<Vec<u8>>, StorageError> {
    let file = match storage.open(path, false) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(StorageError::at("open", path)(e)),
    };
    let length = file.len().map_err(StorageError::at("read", path))?;
    let mut bytes = vec![0; length.min(bytes_max) as usize];
    let read = file.read_at(&mut bytes, 0).map_err(StorageError::at("read", path))?;
    bytes.truncate(read);
    Ok(Some(bytes))
}

/// Leftovers of a crash that mean nothing.
pub(crate) fn is_leftover(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str());
    matches!(extension, Some("tmp" | "cleaned" | "deleted"))
}

/// `%020d` and an extension, as Kafka names the files of a segment.
pub(crate) fn segment_path(dir: &Path, base: Offset, extension: &str) -> PathBuf {
    dir.join(format!("{:020}.{extension}", base.get()))
}

//! The sparse index of one segment: from an offset or a moment to a position near it.
//!
//! * It holds one entry per few KiB of log, as Kafka's `.index` (last offset of a batch, position of the batch) and
//!   `.timeindex` (largest timestamp so far, offset that has it) do.
//! * It is a cache: an entry may be missing at the cost of a longer walk, and who uses one checks that a batch with that
//!   offset lies there.
//! * Entries rise strictly; whatever in a file does not is the trace of a crash, and ends the reading.

use pancake_types::{Offset, Timestamp};

use crate::batch::BatchHeader;

const PLACE_BYTES: usize = 8;
const MOMENT_BYTES: usize = 12;

/// The largest timestamp of a segment and the last offset of the batch that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Newest {
    pub(crate) timestamp: Timestamp,
    pub(crate) offset: Offset,
}

/// Where a walk begins: a position, and the last offset of the batch that must lie there (none at the start).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) position: u64,
    pub(crate) offset: Option<Offset>,
}

/// How many entries of an index are in its files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Saved {
    pub(crate) places: usize,
    pub(crate) moments: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    delta: u32,
    position: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Moment {
    millis: i64,
    delta: u32,
}

/// The index of one segment.
#[derive(Clone, Debug)]
pub(crate) struct SparseIndex {
    base: Offset,
    places: Vec<Place>,
    moments: Vec<Moment>,
    newest: Option<Newest>,
    bytes_since_entry: u64,
}

impl SparseIndex {
    pub(crate) const fn new(base: Offset) -> Self {
        Self { base, places: Vec::new(), moments: Vec::new(), newest: None, bytes_since_entry: 0 }
    }

    /// Takes note of a batch that lies at `position`, behind all others.
    pub(crate) fn add(&mut self, header: &BatchHeader, position: u64, interval: u32) {
        if self.newest.is_none_or(|n| n.timestamp < header.max_timestamp) {
            let (timestamp, offset) = (header.max_timestamp, header.last_offset());
            self.newest = Some(Newest { timestamp, offset });
        }
        if self.bytes_since_entry > u64::from(interval) {
            self.bytes_since_entry = 0;
            let delta = header.last_offset().since(self.base);
            if let (Ok(delta), Ok(position)) = (delta.try_into(), position.try_into()) {
                self.places.push(Place { delta, position });
            }
            self.add_moment();
        }
        self.bytes_since_entry += header.bytes as u64;
    }

    /// Makes the newest moment the last entry, as a closed segment's index has it.
    pub(crate) fn close(&mut self) {
        self.add_moment();
    }

    fn add_moment(&mut self) {
        let Some(newest) = self.newest else { return };
        let millis = newest.timestamp.millis();
        let Ok(delta) = newest.offset.since(self.base).try_into() else { return };
        if self.moments.last().is_none_or(|m| m.millis < millis) {
            self.moments.push(Moment { millis, delta });
        }
    }

    pub(crate) const fn newest(&self) -> Option<Newest> {
        self.newest
    }

    /// For a recovered index, whose newest moment the recovery point remembers.
    pub(crate) const fn set_newest(&mut self, newest: Option<Newest>) {
        self.newest = newest;
    }

    /// Where to begin walking to the batch that holds an offset.
    pub(crate) fn before(&self, offset: Offset) -> Start {
        let delta = offset.since(self.base);
        let found = self.places.partition_point(|p| u64::from(p.delta) <= delta);
        let place = found.checked_sub(1).and_then(|i| self.places.get(i));
        place.map_or_else(Start::default, |p| Start {
            position: p.position.into(),
            offset: Some(self.base.plus(p.delta.into())),
        })
    }

    /// Where to begin walking to the first batch that has a record at or after a moment.
    pub(crate) fn before_moment(&self, at: Timestamp) -> Start {
        let found = self.moments.partition_point(|m| m.millis <= at.millis());
        let moment = found.checked_sub(1).and_then(|i| self.moments.get(i));
        moment.map_or_else(Start::default, |m| self.before(self.base.plus(m.delta.into())))
    }

    /// The last entry: the nearest place to the end.
    pub(crate) fn last(&self) -> Start {
        self.before(Offset::MAX)
    }

    pub(crate) const fn saved_when_written(&self) -> Saved {
        Saved { places: self.places.len(), moments: self.moments.len() }
    }

    /// Entries behind the saved ones as `.index` has them, and the position in the file where they belong.
    pub(crate) fn places_from(&self, saved: Saved) -> (u64, Vec<u8>) {
        let mut out = Vec::new();
        for place in self.places.get(saved.places..).unwrap_or_default() {
            out.extend(place.delta.to_be_bytes());
            out.extend(place.position.to_be_bytes());
        }
        ((saved.places * PLACE_BYTES) as u64, out)
    }

    /// Entries behind the saved ones as `.timeindex` has them, and the position in the file where they belong.
    pub(crate) fn moments_from(&self, saved: Saved) -> (u64, Vec<u8>) {
        let mut out = Vec::new();
        for moment in self.moments.get(saved.moments..).unwrap_or_default() {
            out.extend(moment.millis.to_be_bytes());
            out.extend(moment.delta.to_be_bytes());
        }
        ((saved.moments * MOMENT_BYTES) as u64, out)
    }

    /// Reads both files as far as they make sense for a segment of which `bytes` bytes are known good and which holds
    /// offsets below `end`.
    pub(crate) fn read(base: Offset, files: (&[u8], &[u8]), bytes: u64, end: Offset) -> Self {
        let mut index = Self::new(base);
        let room = end.since(base);
        for entry in files.0.as_chunks::<PLACE_BYTES>().0 {
            let both = u64::from_be_bytes(*entry);
            let (delta, position) = ((both >> 32) as u32, both as u32);
            let rises = |p: &Place| p.delta < delta && p.position < position;
            let inside = u64::from(position) < bytes && u64::from(delta) < room && position > 0;
            if !inside || !index.places.last().is_none_or(rises) {
                break;
            }
            index.places.push(Place { delta, position });
        }
        for entry in files.1.as_chunks::<MOMENT_BYTES>().0 {
            let (Some(millis), Some(delta)) = (entry.first_chunk(), entry.last_chunk()) else {
                break;
            };
            let moment =
                Moment { millis: i64::from_be_bytes(*millis), delta: u32::from_be_bytes(*delta) };
            let rises = |p: &Moment| p.delta < moment.delta && p.millis < moment.millis;
            let inside = u64::from(moment.delta) < room;
            if !inside || !index.moments.last().is_none_or(rises) {
                break;
            }
            index.moments.push(moment);
        }
        index.newest = index.moments.last().map(|m| Newest {
            timestamp: Timestamp::from_millis(m.millis),
            offset: base.plus(m.delta.into()),
        });
        index
    }
}

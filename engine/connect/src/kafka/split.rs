//! One partition being read: what was fetched and not yet handed on, and where to go on.

use std::collections::VecDeque;

use pancake_broker::Record;
use pancake_dataflow::{BoxError, SplitId, SplitState};
use pancake_types::{Offset, TopicPartition};

use super::{
    door::{Door, PartitionReader},
    options::{Startup, TopicOptions},
};

/// Bytes fetched at once; at most about so many are held per partition.
const FETCH_BYTES_MAX: usize = 1 << 20;

/// A partition and its position.
pub(super) struct Split {
    pub(super) id: SplitId,
    pub(super) at: TopicPartition,
    pub(super) reader: Box<dyn PartitionReader>,
    /// The next record to hand on.
    next: Offset,
    /// The next record to fetch.
    fetch_from: Offset,
    fetched: VecDeque<Record>,
    /// Where to stop; never if absent.
    pub(super) end: Option<Offset>,
}

impl Split {
    /// Opens a partition where `position` says, else where the options say.
    pub(super) fn open(
        door: &dyn Door,
        options: &TopicOptions,
        at: TopicPartition,
        position: Option<Offset>,
    ) -> Result<Self, BoxError> {
        let mut reader = door.open(&at)?;
        let (start, end) = reader.bounds()?;
        let next = match position {
            Some(next) => next,
            None => first(door, options, &at, reader.as_mut())?,
        };
        let next = next.max(start);
        Ok(Self {
            id: SplitId::new(at.to_string()),
            at,
            reader,
            next,
            fetch_from: next,
            fetched: VecDeque::new(),
            end: options.is_bounded.then_some(end),
        })
    }

    /// Takes up to `records_max` records that are there.
    pub(super) fn take(&mut self, records_max: usize) -> Result<Vec<Record>, BoxError> {
        if self.fetched.is_empty() && !self.is_at_end() {
            let read = self.reader.read(self.fetch_from, FETCH_BYTES_MAX)?;
            self.fetch_from = read.next;
            let end = self.end;
            let wanted = |record: &Record| end.is_none_or(|end| record.offset < end);
            self.fetched.extend(read.records.into_iter().filter(wanted));
        }
        let count = records_max.min(self.fetched.len());
        let taken: Vec<Record> = self.fetched.drain(..count).collect();
        self.next = match self.fetched.front() {
            Some(record) => record.offset,
            None => self.fetch_from,
        };
        Ok(taken)
    }

    /// Whether everything up to the end was handed on.
    pub(super) fn is_at_end(&self) -> bool {
        self.fetched.is_empty() && self.end.is_some_and(|end| self.fetch_from >= end)
    }

    /// The next record to hand on.
    pub(super) fn position(&self) -> Offset {
        self.next
    }

    /// How many offsets lie before the end of the log.
    pub(super) fn backlog(&mut self) -> u64 {
        self.reader.bounds().map_or(0, |(_, end)| end.since(self.next))
    }

    pub(super) fn state(&self) -> SplitState {
        let position = self.next.get().to_le_bytes().to_vec();
        SplitState { split: self.id.clone(), position }
    }
}

/// Reads a position that [`Split::state`] wrote.
pub(super) fn offset_of(position: &[u8]) -> Option<Offset> {
    position.try_into().ok().map(|bytes| Offset::new(u64::from_le_bytes(bytes)))
}

fn first(
    door: &dyn Door,
    options: &TopicOptions,
    at: &TopicPartition,
    reader: &mut dyn PartitionReader,
) -> Result<Offset, BoxError> {
    let (start, end) = reader.bounds()?;
    Ok(match &options.startup {
        Startup::Earliest => start,
        Startup::Latest => end,
        Startup::At(moment) => reader.offset_at(*moment)?.unwrap_or(end),
        Startup::Offsets(offsets) => offsets.get(&at.partition).copied().unwrap_or(start),
        Startup::Group => {
            let group = options.group.as_deref().unwrap_or_default();
            door.committed(group, at)?.unwrap_or(start)
        }
    })
}

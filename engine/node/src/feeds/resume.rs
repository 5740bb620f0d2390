//! Where a feed stands, read back from the headers of its topic.

use std::collections::BTreeMap;

use pancake_broker::{Broker, Record};
use pancake_types::{Offset, PartitionId, TopicName};

use super::feed::HEADER;
use crate::{NodeError, topics::fetch_error};

/// Records looked at from the end of a partition before looking further back.
const TAIL_RECORDS: u64 = 1_000;
/// Bytes read at once.
const READ_BYTES: usize = 1 << 20;

/// What a topic says of its feed.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Number of the last event in each partition that has one.
    pub(super) written: BTreeMap<u32, u64>,
    /// Arrival time of the newest event.
    pub(super) clock: Option<i64>,
}

/// Finds the last numbered record of each partition.
pub(super) fn last_events(
    broker: &Broker,
    topic: &TopicName,
    partitions: u32,
) -> Result<Found, NodeError> {
    let mut found = Found::default();
    for partition in 0..partitions {
        if let Some((number, time)) = last_of(broker, topic, partition)? {
            found.written.insert(partition, number);
            found.clock = Some(found.clock.map_or(time, |t| t.max(time)));
        }
    }
    Ok(found)
}

fn last_of(
    broker: &Broker,
    topic: &TopicName,
    partition: u32,
) -> Result<Option<(u64, i64)>, NodeError> {
    let at = topic.partition(PartitionId::new(partition));
    let (start, mut end) = broker.bounds(&at).map_err(fetch_error)?;
    while end > start {
        let from = Offset::new(end.get().saturating_sub(TAIL_RECORDS).max(start.get()));
        let mut last = None;
        let mut next = from;
        while next < end {
            let read = broker.read(&at, next, READ_BYTES).map_err(fetch_error)?;
            if read.next <= next {
                break;
            }
            next = read.next;
            last = read.records.iter().rev().find_map(number_of).or(last);
        }
        if last.is_some() {
            return Ok(last);
        }
        end = from;
    }
    Ok(None)
}

fn number_of(record: &Record) -> Option<(u64, i64)> {
    let header = record.headers.iter().find(|h| h.key == HEADER.as_bytes())?;
    let number = std::str::from_utf8(header.value.as_ref()?).ok()?.parse().ok()?;
    Some((number, record.timestamp.millis()))
}

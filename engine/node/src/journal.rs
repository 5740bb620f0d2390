//! Internal topics as the engine's own memory: catalog, jobs, models, progress.
//!
//! * An append returns when the disk has it (`Durability::Fsync`).
//! * A compacted topic is read as a map of the newest value of each key; a tombstone removes its key.

use std::collections::BTreeMap;

use bytes::Bytes;
use pancake_broker::{Broker, Durability, NewRecord, TopicSpec};
use pancake_types::{Offset, PartitionId, TopicName, TopicPartition};

use crate::{
    NodeError,
    topics::{fetch_error, name, produce_error, topic_error},
};

/// Settings of a topic that keeps the newest record of each key: only closed segments are compacted, so they are small.
pub(crate) const COMPACTED: [(&str, &str); 2] =
    [("cleanup.policy", "compact"), ("segment.bytes", "8388608")];
/// Bytes read at once when a topic is restored.
const READ_BYTES: usize = 4 << 20;

/// One internal topic of one partition.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    broker: Broker,
    partition: TopicPartition,
}

impl Journal {
    /// A topic that keeps the newest record of each key.
    pub(crate) fn compacted(broker: &Broker, topic: &str) -> Result<Self, NodeError> {
        Self::open(broker, topic, &COMPACTED)
    }

    /// A topic that keeps everything.
    pub(crate) fn kept(broker: &Broker, topic: &str) -> Result<Self, NodeError> {
        Self::open(broker, topic, &[("retention.ms", "-1"), ("retention.bytes", "-1")])
    }

    fn open(broker: &Broker, topic: &str, config: &[(&str, &str)]) -> Result<Self, NodeError> {
        let topic: TopicName = name(topic)?;
        let config = config.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let spec = TopicSpec { partitions: Some(1), config };
        broker.ensure_topic(&topic, spec).map_err(topic_error)?;
        Ok(Self { broker: broker.clone(), partition: topic.partition(PartitionId::new(0)) })
    }

    /// Appends a value, or a tombstone, and waits until the disk has it. Blocks.
    pub(crate) fn append(&self, key: &str, value: Option<Vec<u8>>) -> Result<Offset, NodeError> {
        let record = NewRecord {
            key: Some(Bytes::copy_from_slice(key.as_bytes())),
            value: value.map(Bytes::from),
            ..NewRecord::default()
        };
        self.broker.append(&self.partition, vec![record], Durability::Fsync).map_err(produce_error)
    }

    /// All records in order, as key and value. Blocks.
    pub(crate) fn read(&self) -> Result<Vec<(String, Option<Bytes>)>, NodeError> {
        let (mut next, end) = self.broker.bounds(&self.partition).map_err(fetch_error)?;
        let mut records = Vec::new();
        while next < end {
            let read = self.broker.read(&self.partition, next, READ_BYTES).map_err(fetch_error)?;
            if read.next <= next {
                break;
            }
            next = read.next;
            records.extend(read.records.into_iter().map(|r| {
                let key = r.key.map(|k| String::from_utf8_lossy(&k).into_owned());
                (key.unwrap_or_default(), r.value)
            }));
        }
        Ok(records)
    }

    /// The newest value of each key that was not removed. Blocks.
    pub(crate) fn newest(&self) -> Result<BTreeMap<String, Bytes>, NodeError> {
        let mut map = BTreeMap::new();
        for (key, value) in self.read()? {
            match value {
                Some(value) => map.insert(key, value),
                None => map.remove(&key),
            };
        }
        Ok(map)
    }
}

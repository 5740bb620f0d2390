//! What the connector asks of a Kafka, be it this process's log or another's.

use std::fmt;

use pancake_broker::{NewRecord, ReadBatch};
use pancake_dataflow::{BoxError, Waker};
use pancake_types::{Offset, Timestamp, TopicName, TopicPartition};

/// A Kafka that has topics.
pub(super) trait Door: fmt::Debug + Send + Sync {
    /// Number of partitions of a topic that is there.
    fn partitions(&self, topic: &TopicName) -> Result<u32, BoxError>;
    /// Number of partitions of a topic, which is made if it is not there.
    fn ensure(&self, topic: &TopicName) -> Result<u32, BoxError>;
    /// Opens a partition for reading.
    fn open(&self, at: &TopicPartition) -> Result<Box<dyn PartitionReader>, BoxError>;
    /// Opens the topics for writing.
    fn writer(&self) -> Result<Box<dyn Writer>, BoxError>;
    /// The next offset that a group would read, if it has committed one.
    fn committed(&self, group: &str, at: &TopicPartition) -> Result<Option<Offset>, BoxError>;
    /// Commits offsets for a group.
    fn commit(&self, group: &str, offsets: &[(TopicPartition, Offset)]) -> Result<(), BoxError>;
}

/// One partition, read forward.
pub(super) trait PartitionReader: Send {
    /// First offset, and the one after the last.
    fn bounds(&mut self) -> Result<(Offset, Offset), BoxError>;
    /// The first offset at or after a moment.
    fn offset_at(&mut self, moment: Timestamp) -> Result<Option<Offset>, BoxError>;
    /// Records from an offset on without waiting; those that retention took away are passed over.
    fn read(&mut self, from: Offset, bytes_max: usize) -> Result<ReadBatch, BoxError>;
    /// Calls the waker after every append from now on; `false` if that is not possible and reading must be tried again.
    fn wake(&mut self, waker: &Waker) -> Result<bool, BoxError>;
}

/// Writes records.
pub(super) trait Writer: Send {
    /// Appends records to a partition.
    fn append(&mut self, at: &TopicPartition, records: Vec<NewRecord>) -> Result<(), BoxError>;
    /// Makes everything appended so far durable.
    fn flush(&mut self) -> Result<(), BoxError>;
}

/// The topic that a table reads is not there.
#[derive(Debug, thiserror::Error)]
#[error("topic `{topic}` does not exist{}", hint(nearest.as_deref()))]
pub(super) struct NoTopic {
    pub(super) topic: TopicName,
    pub(super) nearest: Option<String>,
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

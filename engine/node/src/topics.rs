//! Topics and records for people: names checked, errors with a way out, views instead of logs.

use std::collections::BTreeMap;

use bytes::Bytes;
use pancake_broker::{Broker, Durability, FetchError, NewRecord, ProduceError, Record, TopicError};
use pancake_types::{Offset, PartitionId, Timestamp, TopicName, TopicPartition};

use crate::{
    NodeError,
    api::{NewRecordView, PartitionView, ReadFrom, RecordView, TopicSpec, TopicView},
    blocking,
    nearest::nearest,
    node::Node,
};

/// Bytes read from a partition at once.
const READ_BYTES: usize = 1 << 20;

impl Node {
    /// All topics, the internal ones too.
    pub fn topics(&self) -> Vec<TopicView> {
        self.broker().topics().into_iter().map(view).collect()
    }

    /// A topic by name.
    ///
    /// # Errors
    /// `unknown_topic`, with the nearest name there is.
    pub fn topic(&self, name: &str) -> Result<TopicView, NodeError> {
        let found = TopicName::new(name).ok().and_then(|n| self.broker().topic(&n));
        found.map(view).ok_or_else(|| self.unknown_topic(name))
    }

    /// Makes a topic.
    ///
    /// # Errors
    /// `topic_exists`, `invalid_topic`, `internal_topic`.
    pub async fn create_topic(&self, name: &str, spec: TopicSpec) -> Result<TopicView, NodeError> {
        let name = writable(name)?;
        let broker = self.broker().clone();
        let spec = pancake_broker::TopicSpec { partitions: spec.partitions, config: spec.config };
        blocking(move || broker.create_topic(&name, spec).map(view).map_err(topic_error)).await
    }

    /// Deletes a topic with everything in it.
    ///
    /// # Errors
    /// `unknown_topic`, `internal_topic`.
    pub async fn delete_topic(&self, name: &str) -> Result<(), NodeError> {
        self.topic(name)?;
        let name = writable(name)?;
        let broker = self.broker().clone();
        blocking(move || broker.delete_topic(&name).map_err(topic_error)).await
    }

    /// At most `limit` records, partition by partition, each from `from` on.
    ///
    /// # Errors
    /// `unknown_topic`.
    pub async fn records(
        &self,
        topic: &str,
        from: ReadFrom,
        limit: usize,
    ) -> Result<Vec<RecordView>, NodeError> {
        let view = self.topic(topic)?;
        let mut records = Vec::new();
        for p in &view.partitions {
            let id = PartitionId::new(p.partition);
            let at = name(topic)?.partition(id);
            let mut next = start(self.broker(), &at, p, from)?;
            while next < p.end_offset && records.len() < limit {
                let (batch, after) = self.read(topic, id, next, limit - records.len()).await?;
                records.extend(batch.into_iter().map(|r| record_view(p.partition, &r)));
                if after <= next {
                    break;
                }
                next = after;
            }
        }
        Ok(records)
    }

    /// Records of one partition from an offset on, and the offset to go on from.
    ///
    /// # Errors
    /// `unknown_topic`, `offset_out_of_range`.
    pub async fn read(
        &self,
        topic: &str,
        partition: PartitionId,
        from: u64,
        limit: usize,
    ) -> Result<(Vec<Record>, u64), NodeError> {
        let at = name(topic)?.partition(partition);
        let broker = self.broker().clone();
        blocking(move || {
            let read = broker.read(&at, Offset::new(from), READ_BYTES).map_err(fetch_error)?;
            let mut next = read.next.get();
            let mut records = read.records;
            if let Some(first_left) = records.get(limit) {
                next = first_left.offset.get();
                records.truncate(limit);
            }
            Ok((records, next))
        })
        .await
    }

    /// Writes records and answers where each came to lie; the topic is made if absent.
    ///
    /// # Errors
    /// `internal_topic`, `unknown_partition`, `invalid_topic`, `unavailable`.
    pub async fn produce(
        &self,
        topic: &str,
        records: Vec<NewRecordView>,
    ) -> Result<Vec<(u32, u64)>, NodeError> {
        let name = writable(topic)?;
        let broker = self.broker().clone();
        blocking(move || {
            let spec = pancake_broker::TopicSpec::default();
            let view = broker.ensure_topic(&name, spec).map_err(topic_error)?;
            let partitions = view.partitions.len() as u32;
            let mut by_partition: BTreeMap<u32, Vec<(usize, NewRecord)>> = BTreeMap::new();
            for (i, record) in records.into_iter().enumerate() {
                let partition = record.partition.unwrap_or_else(|| choose(&record, partitions, i));
                by_partition.entry(partition).or_default().push((i, new_record(record)));
            }
            let mut places = Vec::new();
            for (partition, records) in by_partition {
                let to = name.partition(PartitionId::new(partition));
                let (order, records): (Vec<_>, Vec<_>) = records.into_iter().unzip();
                let first =
                    broker.append(&to, records, Durability::Cache).map_err(produce_error)?;
                places.extend(order.iter().zip(first.get()..).map(|(i, o)| (*i, (partition, o))));
            }
            places.sort_unstable();
            Ok(places.into_iter().map(|(_, place)| place).collect())
        })
        .await
    }

    /// The error for a topic that is not there.
    pub(crate) fn unknown_topic(&self, name: &str) -> NodeError {
        let topics = self.broker().topics();
        let names = topics.iter().filter(|t| !t.internal).map(|t| t.name.as_str());
        let error = NodeError::not_found("unknown_topic", format!("there is no topic `{name}`"));
        match nearest(name, names) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("`pancake topic list` shows what there is"),
        }
    }
}

/// A topic's name, checked.
pub(crate) fn name(text: &str) -> Result<TopicName, NodeError> {
    TopicName::new(text).map_err(|e| NodeError::invalid("invalid_topic", e.to_string()))
}

/// The name of a topic that users may write.
fn writable(text: &str) -> Result<TopicName, NodeError> {
    let name = name(text)?;
    if name.is_internal() {
        return Err(NodeError::new(
            crate::ErrorKind::Forbidden,
            "internal_topic",
            format!("topic `{name}` belongs to the workshop; it can be read, not written"),
        ));
    }
    Ok(name)
}

/// The key's partition as Kafka's clients choose it; records without a key go round.
fn choose(record: &NewRecordView, partitions: u32, i: usize) -> u32 {
    match &record.key {
        Some(key) => pancake_broker::partition_for_key(key.as_bytes(), partitions),
        None => (i as u32) % partitions.max(1),
    }
}

fn new_record(record: NewRecordView) -> NewRecord {
    NewRecord {
        key: record.key.map(Bytes::from),
        value: record.value.map(Bytes::from),
        headers: Vec::new(),
        timestamp: record.timestamp.map(Timestamp::from_millis),
    }
}

/// Where to begin in one partition.
pub(crate) fn start(
    broker: &Broker,
    at: &TopicPartition,
    p: &PartitionView,
    from: ReadFrom,
) -> Result<u64, NodeError> {
    Ok(match from {
        ReadFrom::Earliest => p.start_offset,
        ReadFrom::Last(n) => p.end_offset.saturating_sub(n).max(p.start_offset),
        ReadFrom::Offset(offset) => offset.clamp(p.start_offset, p.end_offset),
        ReadFrom::Timestamp(ms) => broker
            .offset_at(at, Timestamp::from_millis(ms))
            .map_err(fetch_error)?
            .map_or(p.end_offset, |(_, offset)| offset.get()),
    })
}

pub(crate) fn view(topic: pancake_broker::TopicView) -> TopicView {
    let partitions: Vec<PartitionView> = topic
        .partitions
        .iter()
        .map(|p| PartitionView {
            partition: p.id.get(),
            start_offset: p.log_start_offset.get(),
            end_offset: p.log_end_offset.get(),
            bytes: p.size_bytes,
        })
        .collect();
    TopicView {
        name: topic.name.to_string(),
        id: topic.id.to_string(),
        internal: topic.internal,
        records: partitions.iter().map(|p| p.end_offset.saturating_sub(p.start_offset)).sum(),
        bytes: partitions.iter().map(|p| p.bytes).sum(),
        partitions,
        config: topic.config,
    }
}

fn record_view(partition: u32, record: &Record) -> RecordView {
    let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
    RecordView {
        partition,
        offset: record.offset.get(),
        timestamp: record.timestamp.millis(),
        key: record.key.as_ref().map(text),
        value: record.value.as_ref().map(text),
        headers: record
            .headers
            .iter()
            .map(|h| (text(&h.key), h.value.as_ref().map(text)))
            .collect(),
    }
}

pub(crate) fn topic_error(error: TopicError) -> NodeError {
    let text = chain(&error);
    match error {
        TopicError::Exists { .. } => {
            NodeError::new(crate::ErrorKind::Conflict, "topic_exists", text)
        }
        TopicError::Unknown { .. } => NodeError::not_found("unknown_topic", text),
        TopicError::Internal { .. } => {
            NodeError::new(crate::ErrorKind::Forbidden, "internal_topic", text)
        }
        TopicError::State(_) | TopicError::Open { .. } | TopicError::Remove { .. } => {
            NodeError::new(crate::ErrorKind::Unavailable, "storage", text)
        }
        _ => NodeError::invalid("invalid_topic", text),
    }
}

pub(crate) fn fetch_error(error: FetchError) -> NodeError {
    let text = chain(&error);
    match error {
        FetchError::UnknownPartition { .. } => NodeError::not_found("unknown_topic", text),
        FetchError::Read { .. } => NodeError::invalid("offset_out_of_range", text),
        FetchError::Decode { .. } => NodeError::new(crate::ErrorKind::Unavailable, "storage", text),
    }
}

pub(crate) fn produce_error(error: ProduceError) -> NodeError {
    let text = chain(&error);
    match error {
        ProduceError::UnknownPartition { .. } => NodeError::not_found("unknown_partition", text),
        ProduceError::Empty => NodeError::invalid("no_records", text),
        ProduceError::Append { .. } | ProduceError::Sync { .. } => {
            NodeError::new(crate::ErrorKind::Unavailable, "storage", text)
        }
    }
}

/// An error with all its causes, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let more = cause.to_string();
        if !text.ends_with(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        next = cause.source();
    }
    text
}

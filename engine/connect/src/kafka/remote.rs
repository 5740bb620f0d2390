//! Another Kafka, through its client library.
//!
//! * Reading asks without waiting; the source asks again after a while.
//! * What a client says about a missing topic or broker is passed on in its words.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use pancake_broker::{Header, NewRecord, ReadBatch, Record};
use pancake_dataflow::{BoxError, Waker};
use pancake_types::{Offset, Timestamp, TopicName, TopicPartition};
use rdkafka::{
    ClientConfig, ClientContext, Message, Offset as ClientOffset, TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer},
    error::KafkaError,
    message::{DeliveryResult, Headers},
    producer::{BaseProducer, BaseRecord, Producer, ProducerContext},
};

use super::door::{Door, NoTopic, PartitionReader, Writer};

/// How long one question may take.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Records taken by one read.
const RECORDS_MAX: usize = 10_000;

#[derive(Debug)]
pub(super) struct RemoteDoor {
    servers: String,
}

impl RemoteDoor {
    pub(super) fn new(servers: &str) -> Self {
        Self { servers: servers.to_owned() }
    }

    fn consumer(&self, group: &str) -> Result<BaseConsumer, KafkaError> {
        ClientConfig::new()
            .set("bootstrap.servers", &self.servers)
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "earliest")
            .create()
    }

    fn count(&self, topic: &TopicName, may_create: bool) -> Result<u32, BoxError> {
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", &self.servers)
            .set("allow.auto.create.topics", if may_create { "true" } else { "false" })
            .create()?;
        let metadata = producer.client().fetch_metadata(Some(topic.as_str()), ANSWER_MAX)?;
        let partitions = metadata.topics().first().map_or(0, |found| found.partitions().len());
        match partitions {
            0 => Err(Box::new(NoTopic { topic: topic.clone(), nearest: None })),
            partitions => Ok(partitions as u32),
        }
    }
}

impl Door for RemoteDoor {
    fn partitions(&self, topic: &TopicName) -> Result<u32, BoxError> {
        self.count(topic, false)
    }

    fn ensure(&self, topic: &TopicName) -> Result<u32, BoxError> {
        self.count(topic, true)
    }

    fn open(&self, at: &TopicPartition) -> Result<Box<dyn PartitionReader>, BoxError> {
        let consumer = self.consumer("pancake")?;
        Ok(Box::new(RemotePartition { consumer, at: at.clone(), assigned: None }))
    }

    fn writer(&self) -> Result<Box<dyn Writer>, BoxError> {
        let failures = Failures::default();
        let producer = ClientConfig::new()
            .set("bootstrap.servers", &self.servers)
            .set("enable.idempotence", "true")
            .create_with_context(failures.clone())?;
        Ok(Box::new(RemoteWriter { producer, failures }))
    }

    fn committed(&self, group: &str, at: &TopicPartition) -> Result<Option<Offset>, BoxError> {
        let mut asked = TopicPartitionList::new();
        asked.add_partition(at.topic.as_str(), at.partition.to_wire());
        let found = self.consumer(group)?.committed_offsets(asked, ANSWER_MAX)?;
        Ok(found.elements().first().and_then(|element| offset_of(element.offset())))
    }

    fn commit(&self, group: &str, offsets: &[(TopicPartition, Offset)]) -> Result<(), BoxError> {
        let mut list = TopicPartitionList::new();
        for (at, offset) in offsets {
            let (topic, partition) = (at.topic.as_str(), at.partition.to_wire());
            list.add_partition_offset(topic, partition, ClientOffset::Offset(offset.to_wire()))?;
        }
        Ok(self.consumer(group)?.commit(&list, CommitMode::Sync)?)
    }
}

fn offset_of(offset: ClientOffset) -> Option<Offset> {
    match offset {
        ClientOffset::Offset(offset) => Offset::from_wire(offset),
        _ => None,
    }
}

struct RemotePartition {
    consumer: BaseConsumer,
    at: TopicPartition,
    /// The offset that the consumer gives next.
    assigned: Option<Offset>,
}

impl RemotePartition {
    fn assign(&mut self, from: Offset) -> Result<(), KafkaError> {
        if self.assigned == Some(from) {
            return Ok(());
        }
        let mut list = TopicPartitionList::new();
        let (topic, partition) = (self.at.topic.as_str(), self.at.partition.to_wire());
        list.add_partition_offset(topic, partition, ClientOffset::Offset(from.to_wire()))?;
        self.consumer.assign(&list)?;
        self.assigned = Some(from);
        Ok(())
    }
}

impl PartitionReader for RemotePartition {
    fn bounds(&mut self) -> Result<(Offset, Offset), BoxError> {
        let (topic, partition) = (self.at.topic.as_str(), self.at.partition.to_wire());
        let (start, end) = self.consumer.fetch_watermarks(topic, partition, ANSWER_MAX)?;
        let offset = |offset| Offset::from_wire(offset).unwrap_or_default();
        Ok((offset(start), offset(end)))
    }

    fn offset_at(&mut self, moment: Timestamp) -> Result<Option<Offset>, BoxError> {
        let mut list = TopicPartitionList::new();
        let (topic, partition) = (self.at.topic.as_str(), self.at.partition.to_wire());
        list.add_partition_offset(topic, partition, ClientOffset::Offset(moment.millis()))?;
        let found = self.consumer.offsets_for_times(list, ANSWER_MAX)?;
        Ok(found.elements().first().and_then(|element| offset_of(element.offset())))
    }

    fn read(&mut self, from: Offset, bytes_max: usize) -> Result<ReadBatch, BoxError> {
        self.assign(from)?;
        let (mut records, mut bytes, mut next) = (Vec::new(), 0, from);
        while records.len() < RECORDS_MAX && bytes < bytes_max {
            let Some(message) = self.consumer.poll(Duration::ZERO) else { break };
            let message = message?;
            let offset = Offset::from_wire(message.offset()).unwrap_or_default();
            bytes += message.payload().map_or(0, <[u8]>::len) + 64;
            next = offset.plus(1);
            records.push(record(&message, offset));
        }
        self.assigned = Some(next);
        Ok(ReadBatch { records, next, high_watermark: next })
    }

    fn wake(&mut self, _waker: &Waker) -> Result<bool, BoxError> {
        Ok(false)
    }
}

fn record(message: &impl Message, offset: Offset) -> Record {
    let bytes = |bytes: Option<&[u8]>| bytes.map(Bytes::copy_from_slice);
    let headers = message.headers().into_iter().flat_map(|headers| {
        headers.iter().map(|header| Header {
            key: Bytes::copy_from_slice(header.key.as_bytes()),
            value: bytes(header.value),
        })
    });
    Record {
        offset,
        timestamp: Timestamp::from_millis(message.timestamp().to_millis().unwrap_or_default()),
        key: bytes(message.key()),
        value: bytes(message.payload()),
        headers: headers.collect(),
    }
}

/// The first record that could not be delivered, kept until somebody asks.
#[derive(Clone, Default)]
struct Failures(Arc<Mutex<Option<KafkaError>>>);

impl Failures {
    fn check(&self) -> Result<(), BoxError> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) => Err(Box::new(error)),
            None => Ok(()),
        }
    }
}

impl ClientContext for Failures {}

impl ProducerContext for Failures {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): Self::DeliveryOpaque) {
        if let Err((error, _)) = result {
            let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert_with(|| error.clone());
        }
    }
}

struct RemoteWriter {
    producer: BaseProducer<Failures>,
    failures: Failures,
}

impl Writer for RemoteWriter {
    fn append(&mut self, at: &TopicPartition, records: Vec<NewRecord>) -> Result<(), BoxError> {
        for record in &records {
            let mut message: BaseRecord<'_, [u8], [u8]> =
                BaseRecord::to(at.topic.as_str()).partition(at.partition.to_wire());
            if let Some(key) = &record.key {
                message = message.key(key);
            }
            if let Some(value) = &record.value {
                message = message.payload(value);
            }
            if let Some(timestamp) = record.timestamp {
                message = message.timestamp(timestamp.millis());
            }
            // A full queue is emptied before the next record goes in.
            if let Err((error, message)) = self.producer.send(message) {
                if error.rdkafka_error_code() != Some(rdkafka::types::RDKafkaErrorCode::QueueFull) {
                    return Err(Box::new(error));
                }
                self.producer.flush(ANSWER_MAX)?;
                self.producer.send(message).map_err(|(error, _)| error)?;
            }
        }
        self.producer.poll(Duration::ZERO);
        self.failures.check()
    }

    fn flush(&mut self) -> Result<(), BoxError> {
        self.producer.flush(ANSWER_MAX)?;
        self.failures.check()
    }
}

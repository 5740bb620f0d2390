//! This process's own log, without a socket.

use std::collections::BTreeSet;

use pancake_broker::{
    Broker, Durability, FetchError, NewRecord, ReadBatch, Subscription, TopicSpec,
};
use pancake_dataflow::{BoxError, Waker};
use pancake_log::ReadError;
use pancake_types::{Offset, Timestamp, TopicName, TopicPartition};

use super::door::{Door, NoTopic, PartitionReader, Writer};

#[derive(Debug)]
pub(super) struct LocalDoor(pub(super) Broker);

impl Door for LocalDoor {
    fn partitions(&self, topic: &TopicName) -> Result<u32, BoxError> {
        match self.0.topic(topic) {
            Some(view) => Ok(view.partitions.len() as u32),
            None => Err(Box::new(NoTopic { topic: topic.clone(), nearest: self.nearest(topic) })),
        }
    }

    fn ensure(&self, topic: &TopicName) -> Result<u32, BoxError> {
        Ok(self.0.ensure_topic(topic, TopicSpec::default())?.partitions.len() as u32)
    }

    fn open(&self, at: &TopicPartition) -> Result<Box<dyn PartitionReader>, BoxError> {
        let (broker, at) = (self.0.clone(), at.clone());
        Ok(Box::new(LocalPartition { broker, at, subscription: None }))
    }

    fn writer(&self) -> Result<Box<dyn Writer>, BoxError> {
        Ok(Box::new(LocalWriter { broker: self.0.clone(), touched: BTreeSet::new() }))
    }

    fn committed(&self, group: &str, at: &TopicPartition) -> Result<Option<Offset>, BoxError> {
        let group = self.0.group(group);
        let offsets = group.iter().flat_map(|group| &group.offsets);
        Ok(offsets.into_iter().find(|offset| offset.partition == *at).map(|o| o.committed))
    }

    fn commit(&self, group: &str, offsets: &[(TopicPartition, Offset)]) -> Result<(), BoxError> {
        for (at, offset) in offsets {
            self.0.commit(group, at, *offset)?;
        }
        Ok(())
    }
}

impl LocalDoor {
    /// A topic whose name differs only in case, or that begins or ends as the one asked for.
    fn nearest(&self, topic: &TopicName) -> Option<String> {
        let asked = topic.as_str().to_lowercase();
        let names = self.0.topics().into_iter().filter(|view| !view.internal);
        let mut names = names.map(|view| view.name.as_str().to_owned());
        names.find(|name| {
            let name = name.to_lowercase();
            name == asked || name.starts_with(&asked) || asked.starts_with(&name)
        })
    }
}

struct LocalPartition {
    broker: Broker,
    at: TopicPartition,
    subscription: Option<Subscription>,
}

impl PartitionReader for LocalPartition {
    fn bounds(&mut self) -> Result<(Offset, Offset), BoxError> {
        Ok(self.broker.bounds(&self.at)?)
    }

    fn offset_at(&mut self, moment: Timestamp) -> Result<Option<Offset>, BoxError> {
        Ok(self.broker.offset_at(&self.at, moment)?.map(|(_, offset)| offset))
    }

    fn read(&mut self, from: Offset, bytes_max: usize) -> Result<ReadBatch, BoxError> {
        match self.broker.read(&self.at, from, bytes_max) {
            Err(FetchError::Read { source: ReadError::OffsetOutOfRange { start, .. }, .. })
                if from < start =>
            {
                Ok(self.broker.read(&self.at, start, bytes_max)?)
            }
            read => Ok(read?),
        }
    }

    fn wake(&mut self, waker: &Waker) -> Result<bool, BoxError> {
        self.subscription = Some(self.broker.on_append(&self.at, waker.as_fn())?);
        Ok(true)
    }
}

struct LocalWriter {
    broker: Broker,
    touched: BTreeSet<TopicPartition>,
}

impl Writer for LocalWriter {
    fn append(&mut self, at: &TopicPartition, records: Vec<NewRecord>) -> Result<(), BoxError> {
        self.broker.append(at, records, Durability::Cache)?;
        self.touched.insert(at.clone());
        Ok(())
    }

    fn flush(&mut self) -> Result<(), BoxError> {
        while let Some(at) = self.touched.pop_first() {
            self.broker.sync(&at)?;
        }
        Ok(())
    }
}

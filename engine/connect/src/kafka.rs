//! `'connector' = 'kafka'` and `'upsert-kafka'`: tables over topics.
//!
//! * `localhost:9092` always means this process's own log, whatever port it got, and is read in process: the source wakes
//!   on append and never polls. Any other address goes through a Kafka client.
//! * A partition is a split; its position in a checkpoint is the next offset to read.
//! * The sink is at-least-once: rows are in the log when `write` returns, and durable when `prepare` does.
//!
//! Start reading at [`Kafka`], then `source.rs` and `sink.rs`.

mod door;
mod local;
mod metadata;
mod options;
mod reader;
mod remote;
mod scan;
mod sink;
mod source;
mod split;

use std::{fmt, sync::Arc};

use arrow::datatypes::SchemaRef;
use pancake_broker::Broker;
use pancake_dataflow::{BoxError, Sink, Source, SubtaskContext};
use pancake_sql::connector::{
    Accepts, BatchIter, Connector, ConnectorError, Side, StreamRequest, TableDef, TableSink,
    TableSource,
};

use door::Door;
use options::{Address, TopicOptions};
use reader::RecordReader;

/// Tables over topics of this process's log or of another Kafka.
#[derive(Clone)]
pub struct Kafka {
    door: Arc<dyn Door>,
    own_addresses: Vec<String>,
    is_upsert: bool,
}

impl Kafka {
    /// `'connector' = 'kafka'`; `own_addresses` are addresses that mean `broker`, beside `localhost:9092`.
    pub fn appending(broker: Broker, own_addresses: Vec<String>) -> Self {
        Self { door: Arc::new(local::LocalDoor(broker)), own_addresses, is_upsert: false }
    }

    /// `'connector' = 'upsert-kafka'`, which can only be written (and read by bounded queries as it lies in the topic).
    pub fn upserting(broker: Broker, own_addresses: Vec<String>) -> Self {
        Self { is_upsert: true, ..Self::appending(broker, own_addresses) }
    }

    fn table(&self, table: &TableDef) -> Result<TopicTable, ConnectorError> {
        let options = TopicOptions::of(table, self.is_upsert, &self.own_addresses)?;
        let door = match &options.address {
            Address::Here => Arc::clone(&self.door),
            Address::Elsewhere(servers) => Arc::new(remote::RemoteDoor::new(servers)),
        };
        Ok(TopicTable { table: Arc::new(table.clone()), options: Arc::new(options), door })
    }
}

impl fmt::Debug for Kafka {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kafka").field("is_upsert", &self.is_upsert).finish_non_exhaustive()
    }
}

impl Connector for Kafka {
    fn name(&self) -> &'static str {
        if self.is_upsert { "upsert-kafka" } else { "kafka" }
    }

    fn validate(&self, table: &TableDef) -> Result<(), ConnectorError> {
        TopicOptions::of(table, self.is_upsert, &self.own_addresses).map(|_| ())
    }

    fn source(&self, table: &TableDef) -> Result<Arc<dyn TableSource>, ConnectorError> {
        if self.is_upsert {
            let connector = self.name().to_owned();
            return Err(ConnectorError::NoSuchSide { connector, side: Side::Read });
        }
        let table = self.table(table)?;
        let partitions = table.door.partitions(&table.options.topic);
        let partitions = partitions.map_err(|source| table.failed(source))?;
        Ok(Arc::new(TopicSource { table, partitions }))
    }

    fn sink(&self, table: &TableDef) -> Result<Arc<dyn TableSink>, ConnectorError> {
        Ok(Arc::new(self.table(table)?))
    }
}

/// A table and the topic behind it.
#[derive(Clone)]
struct TopicTable {
    table: Arc<TableDef>,
    options: Arc<TopicOptions>,
    door: Arc<dyn Door>,
}

impl TopicTable {
    fn failed(&self, source: BoxError) -> ConnectorError {
        ConnectorError::Failed { table: self.table.name.clone(), source }
    }

    fn reader(&self, projection: Option<&[usize]>) -> Result<RecordReader, ConnectorError> {
        RecordReader::new(&self.table, &self.options, projection)
            .map_err(|error| self.failed(error.into()))
    }
}

impl fmt::Debug for TopicTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TopicTable")
            .field("table", &self.table.name)
            .field("topic", &self.options.topic)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct TopicSource {
    table: TopicTable,
    partitions: u32,
}

impl TableSource for TopicSource {
    fn schema(&self) -> SchemaRef {
        self.table.table.source_schema()
    }

    fn is_bounded(&self) -> bool {
        self.table.options.is_bounded
    }

    fn splits(&self) -> usize {
        self.partitions.max(1) as usize
    }

    fn stream(&self, request: &StreamRequest) -> Result<Box<dyn Source>, ConnectorError> {
        let reader = self.table.reader(request.projection.as_deref())?;
        let context =
            SubtaskContext { subtask: request.subtask, parallelism: request.parallelism.max(1) };
        let mine = (0..self.partitions).filter(|number| context.owns(*number as usize)).collect();
        let (options, door) = (Arc::clone(&self.table.options), Arc::clone(&self.table.door));
        Ok(Box::new(source::KafkaSource::new(options, door, mine, reader)))
    }

    fn scan(
        &self,
        projection: Option<&[usize]>,
        _limit: Option<usize>,
    ) -> Result<BatchIter, ConnectorError> {
        let reader = self.table.reader(projection)?;
        let scan = scan::Scan::new(&self.table, self.partitions, reader)?;
        Ok(Box::new(scan))
    }
}

impl TableSink for TopicTable {
    fn accepts(&self) -> Accepts {
        if self.options.is_upsert { Accepts::Upserts } else { Accepts::Appends }
    }

    fn open(&self, subtask: usize, _parallelism: usize) -> Result<Box<dyn Sink>, ConnectorError> {
        let sink = sink::KafkaSink::open(self, subtask).map_err(|source| self.failed(source))?;
        Ok(Box::new(sink))
    }
}

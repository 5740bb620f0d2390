//! A broker in a temporary home, tables without DDL, and rows as text.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use arrow::{
    array::RecordBatch,
    datatypes::{DataType, TimeUnit},
    util::display::{ArrayFormatter, FormatOptions},
};
use pancake_broker::{Broker, BrokerOptions, Durability, NewRecord, TopicSpec};
use pancake_connect::{ConnectorSet, Printer, connectors};
use pancake_dataflow::{ChangeBatch, Polled, Source, SourceOutput, SplitState, Waker};
use pancake_log::FileStorage;
use pancake_sql::connector::{
    BatchIter, Column, ColumnKind, Connector, ConnectorError, Connectors, Options, StreamRequest,
    TableDef,
};
use pancake_types::{Offset, PartitionId, SystemClock, Timestamp, TopicName, TopicPartition};
use tempfile::TempDir;

/// A broker and the connectors over it.
pub(crate) struct World {
    pub(crate) broker: Broker,
    pub(crate) connectors: Connectors,
    pub(crate) home: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::printing(Printer::new(|_| ()))
    }

    pub(crate) fn printing(printer: Printer) -> Self {
        let home = tempfile::tempdir().unwrap();
        let clock = Arc::new(SystemClock::new());
        let storage = Arc::new(FileStorage);
        let options =
            BrokerOptions::new(home.path().join("log"), storage, Arc::<SystemClock>::clone(&clock));
        let broker = Broker::open(options).unwrap();
        let own_addresses = vec!["127.0.0.1:40123".to_owned()];
        let set = ConnectorSet { broker: broker.clone(), own_addresses, clock, printer };
        Self { broker, connectors: connectors(&set), home }
    }

    pub(crate) fn topic(&self, name: &str, partitions: u32) {
        let spec = TopicSpec { partitions: Some(partitions), ..TopicSpec::default() };
        self.broker.create_topic(&TopicName::new(name).unwrap(), spec).unwrap();
    }

    pub(crate) fn produce(&self, topic: &str, partition: u32, values: &[&str]) -> Offset {
        let record = |value: &&str| NewRecord {
            value: Some((*value).to_owned().into()),
            ..NewRecord::default()
        };
        let records = values.iter().map(record).collect();
        self.broker.append(&at(topic, partition), records, Durability::Cache).unwrap()
    }

    pub(crate) fn connector(&self, table: &TableDef) -> Arc<dyn Connector> {
        Arc::clone(self.connectors.of(table).unwrap())
    }

    /// A source over all splits, opened.
    pub(crate) fn open(&self, table: &TableDef, restored: Vec<SplitState>) -> Reading {
        let source = self.connector(table).source(table).unwrap();
        let request = StreamRequest { projection: None, parallelism: 1, subtask: 0 };
        Reading::open(source.stream(&request).unwrap(), restored)
    }

    pub(crate) fn scan(&self, table: &TableDef, projection: Option<&[usize]>) -> BatchIter {
        self.connector(table).source(table).unwrap().scan(projection, None).unwrap()
    }

    /// Writes rows through the table's sink, one checkpoint.
    pub(crate) fn write(&self, table: &TableDef, batch: impl Into<ChangeBatch>) {
        let mut sink = self.connector(table).sink(table).unwrap().open(0, 1).unwrap();
        let checkpoint = pancake_dataflow::CheckpointId::new(1);
        sink.write(&batch.into()).unwrap();
        sink.prepare(checkpoint).unwrap();
        sink.commit(checkpoint).unwrap();
    }

    pub(crate) fn refuse(&self, table: &TableDef) -> String {
        self.connector(table).validate(table).unwrap_err().to_string()
    }
}

/// A source and how often it was woken.
pub(crate) struct Reading {
    pub(crate) source: Box<dyn Source>,
    pub(crate) woken: Arc<AtomicU32>,
}

impl Reading {
    fn open(mut source: Box<dyn Source>, restored: Vec<SplitState>) -> Self {
        let woken = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&woken);
        source.set_waker(Waker::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
        }));
        source.open(restored).unwrap();
        Self { source, woken }
    }

    pub(crate) fn poll(&mut self, rows_max: usize) -> (Polled, Vec<String>) {
        let mut out = SourceOutput::new();
        let polled = self.source.poll(rows_max, &mut out).unwrap();
        let batches = out.take_batches().into_iter();
        (polled, batches.flat_map(|(_, batch)| lines(batch.rows())).collect())
    }

    /// Reads until there is nothing more.
    pub(crate) fn drain(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        loop {
            let (polled, rows) = self.poll(3);
            all.extend(rows);
            if polled != Polled::Emitted {
                return all;
            }
        }
    }
}

pub(crate) fn at(topic: &str, partition: u32) -> TopicPartition {
    TopicName::new(topic).unwrap().partition(PartitionId::new(partition))
}

pub(crate) fn moment(text: &str) -> Timestamp {
    pancake_connect::time::parse_timestamp(text).unwrap()
}

/// The rows of a batch, cells separated by `|`.
pub(crate) fn lines(batch: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::new()
        .with_null("null")
        .with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.3f"))
        .with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%S%.3f"));
    let columns: Vec<_> =
        batch.columns().iter().map(|c| ArrayFormatter::try_new(c, &options).unwrap()).collect();
    let row = |row| columns.iter().map(|c| c.value(row).to_string()).collect::<Vec<_>>().join("|");
    (0..batch.num_rows()).map(row).collect()
}

pub(crate) fn all_lines(scan: BatchIter) -> Vec<String> {
    scan.map(Result::unwrap).flat_map(|batch| lines(&batch)).collect()
}

pub(crate) fn first_error(mut scan: BatchIter) -> ConnectorError {
    scan.find_map(Result::err).expect("the scan does not fail")
}

/// A table with columns `name TYPE` and options.
pub(crate) fn table(
    name: &str,
    columns: &[(&str, DataType)],
    options: &[(&str, &str)],
) -> TableDef {
    let column = |(name, data_type): &(&str, DataType)| Column {
        name: (*name).to_owned(),
        data_type: data_type.clone(),
        sql_type: data_type.to_string(),
        nullable: true,
        kind: ColumnKind::Physical,
    };
    TableDef {
        name: name.to_owned(),
        columns: columns.iter().map(column).collect(),
        watermark: None,
        primary_key: Vec::new(),
        partitioned_by: Vec::new(),
        options: options.iter().copied().collect::<Options>(),
        ddl: String::new(),
    }
}

pub(crate) fn metadata(table: &mut TableDef, name: &str, key: &str, data_type: DataType) {
    table.columns.push(Column {
        name: name.to_owned(),
        sql_type: data_type.to_string(),
        data_type,
        nullable: true,
        kind: ColumnKind::Metadata { key: key.to_owned(), is_virtual: true },
    });
}

/// The table of lab 01 over a topic, with more options.
pub(crate) fn orders(topic: &str, more: &[(&str, &str)]) -> TableDef {
    let mut options: BTreeMap<&str, &str> = BTreeMap::from([
        ("connector", "kafka"),
        ("topic", topic),
        ("properties.bootstrap.servers", "localhost:9092"),
        ("format", "json"),
        ("scan.startup.mode", "earliest-offset"),
    ]);
    options.extend(more.iter().copied());
    let options: Vec<(&str, &str)> = options.into_iter().collect();
    let columns = [
        ("stand", DataType::Utf8),
        ("price", DataType::Decimal128(5, 2)),
        ("ordered_at", DataType::Timestamp(TimeUnit::Millisecond, None)),
    ];
    table("orders", &columns, &options)
}

pub(crate) fn order(stand: &str, second: u32) -> String {
    format!(r#"{{"stand":"{stand}","price":7.50,"ordered_at":"2026-05-01 09:00:{second:02}.000"}}"#)
}

pub(crate) fn line_of(stand: &str, second: u32) -> String {
    format!("{stand}|7.50|2026-05-01 09:00:{second:02}.000")
}

//! Rows to records of a topic.
//!
//! * A row with key columns goes to the partition of its key's hash, as Kafka's own clients would send it; rows without go
//!   to one partition after the other, a batch at a time.
//! * Rows are in the log when `write` returns; `prepare` makes them durable. A restart may write some of them again.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMillisecondType;
use bytes::Bytes;
use pancake_broker::{NewRecord, partition_for_key};
use pancake_dataflow::{BoxError, ChangeBatch, CheckpointId, RowKind, Sink, SinkError};
use pancake_sql::connector::{ColumnKind, TableDef};
use pancake_types::{PartitionId, Timestamp, TopicName};

use super::{TopicTable, door::Writer, metadata::Metadata};
use crate::format::Encoder;

/// Bytes of keys and values that go into one append; below the log's limit of a megabyte for a batch.
const APPEND_BYTES_MAX: usize = 512 * 1024;

/// Writes one subtask's rows.
pub(super) struct KafkaSink {
    table: String,
    topic: TopicName,
    partitions: u32,
    writer: Box<dyn Writer>,
    value: Encoder,
    key: Option<Encoder>,
    /// The column that says when a record happened.
    time: Option<usize>,
    is_upsert: bool,
    /// The partition of rows without a key.
    turn: u32,
}

impl KafkaSink {
    pub(super) fn open(table: &TopicTable, subtask: usize) -> Result<Self, BoxError> {
        let options = &table.options;
        let partitions = table.door.ensure(&options.topic)?.max(1);
        let key = options.key.as_ref().map(|key| {
            let columns = key.fields.iter().filter_map(|name| place(&table.table, name));
            Encoder::new(key.format.clone(), columns.collect())
        });
        Ok(Self {
            table: table.table.name.clone(),
            topic: options.topic.clone(),
            partitions,
            writer: table.door.writer()?,
            value: Encoder::new(
                options.value.clone(),
                physical(&table.table, |name| options.is_in_value(name)),
            ),
            key,
            time: time_column(&table.table),
            is_upsert: options.is_upsert,
            turn: subtask as u32,
        })
    }

    fn records(&self, rows: &RecordBatch) -> Result<Vec<NewRecord>, BoxError> {
        let values = self.value.encode(rows)?;
        let keys = match &self.key {
            Some(key) => key.encode(rows)?,
            None => vec![None; rows.num_rows()],
        };
        let column = self.time.and_then(|place| rows.columns().get(place));
        let times = column.and_then(|c| c.as_primitive_opt::<TimestampMillisecondType>());
        let time = |row| {
            let times = times.filter(|times| times.is_valid(row))?;
            Some(Timestamp::from_millis(times.value(row)))
        };
        let pairs = keys.into_iter().zip(values).enumerate();
        let records = pairs.map(|(row, (key, value))| NewRecord {
            key: key.map(Bytes::from),
            value: value.map(Bytes::from),
            headers: Vec::new(),
            timestamp: time(row),
        });
        Ok(records.collect())
    }

    fn append(&mut self, records: Vec<NewRecord>) -> Result<(), BoxError> {
        self.turn = (self.turn + 1) % self.partitions;
        let mut parts: BTreeMap<u32, Vec<NewRecord>> = BTreeMap::new();
        for record in records {
            let partition = match &record.key {
                Some(key) => partition_for_key(key, self.partitions),
                None => self.turn,
            };
            parts.entry(partition).or_default().push(record);
        }
        for (partition, records) in parts {
            let at = self.topic.partition(PartitionId::new(partition));
            for records in in_pieces(records) {
                self.writer.append(&at, records)?;
            }
        }
        Ok(())
    }

    fn write_changes(&mut self, batch: &ChangeBatch) -> Result<(), SinkError> {
        let failed = |table: &str, source| SinkError::Write { table: table.to_owned(), source };
        let mut records =
            self.records(batch.rows()).map_err(|source| failed(&self.table, source))?;
        if !batch.is_append_only() {
            let mut kept = Vec::with_capacity(records.len());
            for (mut record, kind) in records.into_iter().zip(batch.kinds()) {
                match kind {
                    RowKind::Insert => {}
                    kind if !self.is_upsert => {
                        return Err(SinkError::Retraction { table: self.table.clone(), kind });
                    }
                    // The row after the update follows, with the same key.
                    RowKind::UpdateBefore => continue,
                    RowKind::UpdateAfter => {}
                    RowKind::Delete => record.value = None,
                }
                kept.push(record);
            }
            records = kept;
        }
        self.append(records).map_err(|source| failed(&self.table, source))
    }
}

impl Sink for KafkaSink {
    fn write(&mut self, batch: &ChangeBatch) -> Result<(), SinkError> {
        self.write_changes(batch)
    }

    fn prepare(&mut self, checkpoint: CheckpointId) -> Result<Vec<u8>, SinkError> {
        let flushed = self.writer.flush();
        flushed.map_err(|source| {
            let table = self.table.clone();
            SinkError::Commit { table, checkpoint, source }
        })?;
        Ok(Vec::new())
    }
}

/// Cuts records into appends that the log takes.
fn in_pieces(records: Vec<NewRecord>) -> Vec<Vec<NewRecord>> {
    let mut pieces = Vec::new();
    let (mut piece, mut bytes) = (Vec::new(), 0);
    for record in records {
        let len = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, Bytes::len);
        let size = len(&record.key) + len(&record.value) + 16;
        if bytes + size > APPEND_BYTES_MAX && !piece.is_empty() {
            pieces.push(std::mem::take(&mut piece));
            bytes = 0;
        }
        bytes += size;
        piece.push(record);
    }
    pieces.push(piece);
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// The place of a column in the sink's schema.
fn place(table: &TableDef, name: &str) -> Option<usize> {
    table.sink_schema().index_of(name).ok()
}

fn physical(table: &TableDef, keep: impl Fn(&str) -> bool) -> Vec<usize> {
    let columns = table.columns.iter().filter(|column| column.kind == ColumnKind::Physical);
    let names = columns.map(|column| column.name.as_str()).filter(|name| keep(name));
    names.filter_map(|name| place(table, name)).collect()
}

fn time_column(table: &TableDef) -> Option<usize> {
    let is_time = |kind: &ColumnKind| match kind {
        ColumnKind::Metadata { key, is_virtual: false } => {
            Metadata::of(key) == Some(Metadata::Timestamp)
        }
        _ => false,
    };
    let column = table.columns.iter().find(|column| is_time(&column.kind))?;
    place(table, &column.name)
}

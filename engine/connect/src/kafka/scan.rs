//! A topic read once, from its earliest record to the latest at the moment of the call.

use std::{collections::VecDeque, thread, time::Duration};

use arrow::array::RecordBatch;
use pancake_sql::connector::ConnectorError;
use pancake_types::PartitionId;

use super::{
    TopicTable,
    options::{Startup, TopicOptions},
    reader::{RecordError, RecordReader},
    split::Split,
};

const ROWS_MAX: usize = 8_192;
/// How long to wait for records that are on their way, and how often.
const WAIT: Duration = Duration::from_millis(2);
const WAITS_MAX: u32 = 5_000;

/// The batches of a bounded read, partition by partition.
pub(super) struct Scan {
    table: TopicTable,
    reader: RecordReader,
    splits: VecDeque<Split>,
    /// How often in a row there was nothing before the end.
    waits: u32,
}

impl Scan {
    pub(super) fn new(
        table: &TopicTable,
        partitions: u32,
        reader: RecordReader,
    ) -> Result<Self, ConnectorError> {
        let options = TopicOptions {
            startup: Startup::Earliest,
            is_bounded: true,
            ..TopicOptions::clone(&table.options)
        };
        let open = |number| {
            let at = options.topic.partition(PartitionId::new(number));
            Split::open(&*table.door, &options, at, None).map_err(|source| table.failed(source))
        };
        let splits = (0..partitions).map(open).collect::<Result<_, _>>()?;
        Ok(Self { table: table.clone(), reader, splits, waits: 0 })
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>, ConnectorError> {
        while let Some(split) = self.splits.front_mut() {
            let taken = split.take(ROWS_MAX).map_err(|source| self.table.failed(source))?;
            if taken.is_empty() {
                // What a Kafka elsewhere never hands out (markers of transactions) is not waited for without end.
                if split.is_at_end() || self.waits >= WAITS_MAX {
                    self.splits.pop_front();
                    self.waits = 0;
                } else {
                    self.waits += 1;
                    thread::sleep(WAIT);
                }
                continue;
            }
            self.waits = 0;
            let at = &split.at;
            let rows = self.reader.rows(at, &taken).map_err(|error| match error {
                RecordError::Malformed { offset, reason } => ConnectorError::Malformed {
                    table: self.table.table.name.clone(),
                    place: format!("{at} offset {offset}"),
                    reason,
                },
                error @ RecordError::Arrow(_) => self.table.failed(error.into()),
            })?;
            if rows.num_rows() > 0 {
                return Ok(Some(rows));
            }
        }
        Ok(None)
    }
}

impl Iterator for Scan {
    type Item = Result<RecordBatch, ConnectorError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next_batch().transpose();
        if matches!(next, Some(Err(_))) {
            self.splits.clear();
        }
        next
    }
}

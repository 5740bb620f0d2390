//! Columns that come from around a record's value: where it lies, when it was written, its key.

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, BinaryArray, Int32Array, Int64Array, StringArray, TimestampMillisecondArray,
    },
    compute::cast,
    datatypes::DataType,
    error::ArrowError,
};
use pancake_broker::Record;
use pancake_types::TopicPartition;

use crate::format::is_bytes;

/// One such column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Metadata {
    Topic,
    Partition,
    Offset,
    Timestamp,
    Key,
}

impl Metadata {
    pub(super) const NAMES: [&str; 5] = ["topic", "partition", "offset", "timestamp", "key"];

    /// The column that a `METADATA FROM '…'` names.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "topic" => Some(Self::Topic),
            "partition" => Some(Self::Partition),
            "offset" => Some(Self::Offset),
            "timestamp" => Some(Self::Timestamp),
            "key" => Some(Self::Key),
            _ => None,
        }
    }

    /// The values of some records, as the type that the table declares.
    pub(super) fn column<'a>(
        self,
        at: &TopicPartition,
        records: impl Iterator<Item = &'a Record>,
        data_type: &DataType,
    ) -> Result<ArrayRef, ArrowError> {
        let column: ArrayRef = match self {
            Self::Topic => {
                let names = records.map(|_| Some(at.topic.as_str()));
                Arc::new(names.collect::<StringArray>())
            }
            Self::Partition => {
                let numbers = records.map(|_| at.partition.to_wire());
                Arc::new(Int32Array::from_iter_values(numbers))
            }
            Self::Offset => {
                let offsets = records.map(|record| record.offset.to_wire());
                Arc::new(Int64Array::from_iter_values(offsets))
            }
            Self::Timestamp => {
                let times = records.map(|record| record.timestamp.millis());
                let times = TimestampMillisecondArray::from_iter_values(times);
                Arc::new(match data_type {
                    DataType::Timestamp(_, Some(zone)) => times.with_timezone(Arc::clone(zone)),
                    _ => times,
                })
            }
            Self::Key if is_bytes(data_type) => {
                let keys = records.map(|record| record.key.as_deref());
                Arc::new(keys.collect::<BinaryArray>())
            }
            Self::Key => {
                let keys = records.map(|record| record.key.as_deref().map(String::from_utf8_lossy));
                Arc::new(keys.collect::<StringArray>())
            }
        };
        cast(&column, data_type)
    }
}

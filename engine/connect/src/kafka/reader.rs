//! Records to rows: values decoded, metadata beside them, malformed ones counted or refused.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, RecordBatch, RecordBatchOptions},
    datatypes::{DataType, SchemaRef},
    error::ArrowError,
};
use pancake_broker::Record;
use pancake_sql::connector::{ColumnKind, TableDef};
use pancake_types::{Offset, TopicPartition};

use super::{
    metadata::Metadata,
    options::{TopicOptions, physical_schema},
};
use crate::{
    format::{Decoder, Malformed},
    skipped::Skipped,
};

/// Decodes records of a table's topic.
pub(super) struct RecordReader {
    decoder: Decoder,
    columns: Vec<From>,
    schema: SchemaRef,
    ignores_errors: bool,
    pub(super) skipped: Skipped,
}

enum From {
    /// A column of the decoder's.
    Value(usize),
    Metadata(Metadata, DataType),
}

/// A record that cannot be read, where that is an error.
#[derive(Debug, thiserror::Error)]
pub(super) enum RecordError {
    #[error("{reason}")]
    Malformed { offset: Offset, reason: String },
    #[error(transparent)]
    Arrow(#[from] ArrowError),
}

impl RecordReader {
    pub(super) fn new(
        table: &TableDef,
        options: &TopicOptions,
        projection: Option<&[usize]>,
    ) -> Result<Self, ArrowError> {
        let whole = table.source_schema();
        let all: Vec<usize> = (0..whole.fields().len()).collect();
        let projection = projection.unwrap_or(&all);
        let schema = Arc::new(whole.project(projection)?);
        let values = physical_schema(table, |name| options.is_in_value(name));
        let (mut columns, mut wanted) = (Vec::new(), Vec::new());
        for field in schema.fields() {
            let kind = table.column(field.name()).map(|column| &column.kind);
            let metadata = match kind {
                Some(ColumnKind::Metadata { key, .. }) => Metadata::of(key),
                _ => None,
            };
            if let Some(metadata) = metadata {
                columns.push(From::Metadata(metadata, field.data_type().clone()));
            } else {
                columns.push(From::Value(wanted.len()));
                wanted.push(values.index_of(field.name())?);
            }
        }
        let decoder = options.value.decoder(&values, &wanted)?;
        let ignores_errors = options.value.ignores_errors();
        Ok(Self { decoder, columns, schema, ignores_errors, skipped: Skipped::default() })
    }

    /// The rows of records of one partition; tombstones are no rows.
    pub(super) fn rows(
        &mut self,
        at: &TopicPartition,
        records: &[Record],
    ) -> Result<RecordBatch, RecordError> {
        let with_value = records.iter().filter(|record| record.value.is_some());
        let mut records: Vec<&Record> = with_value.collect();
        let values: Vec<&[u8]> = records.iter().filter_map(|r| r.value.as_deref()).collect();
        let decoded = self.decoder.decode(&values)?;
        if !decoded.malformed.is_empty() {
            self.skip(at, &records, &decoded.malformed)?;
            let mut malformed = decoded.malformed.iter().map(|m| m.row).peekable();
            let mut row = 0;
            records.retain(|_| {
                let is_malformed = malformed.next_if_eq(&row).is_some();
                row += 1;
                !is_malformed
            });
        }
        let column = |from: &From| -> Result<ArrayRef, ArrowError> {
            match from {
                From::Value(place) => Ok(Arc::clone(decoded.batch.column(*place))),
                From::Metadata(metadata, data_type) => {
                    metadata.column(at, records.iter().copied(), data_type)
                }
            }
        };
        let columns = self.columns.iter().map(column).collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(records.len()));
        let schema = Arc::clone(&self.schema);
        Ok(RecordBatch::try_new_with_options(schema, columns, &options)?)
    }

    fn skip(
        &mut self,
        at: &TopicPartition,
        records: &[&Record],
        malformed: &[Malformed],
    ) -> Result<(), RecordError> {
        for Malformed { row, reason } in malformed {
            let offset = records.get(*row).map(|record| record.offset).unwrap_or_default();
            if !self.ignores_errors {
                return Err(RecordError::Malformed { offset, reason: reason.clone() });
            }
            self.skipped.add(|| format!("{at}@{offset}: {reason}"));
        }
        Ok(())
    }
}

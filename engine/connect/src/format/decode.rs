//! Many rows at once into columns, and the malformed ones found by halving.
//!
//! * A row is whole or it is malformed: it may not borrow bytes from the next one, nor hold two rows.
//! * What is kept keeps its order.

use std::sync::Arc;

use arrow::{
    array::{RecordBatch, RecordBatchOptions},
    compute::concat_batches,
    datatypes::{Field, Schema, SchemaRef},
    error::ArrowError,
};

use super::{Format, csv::CsvRows, json::JsonRows, raw::RawRows};

/// Decodes rows of one format into fixed columns.
pub(crate) struct Decoder {
    rows: Box<dyn Rows>,
    schema: SchemaRef,
}

/// What a format does with rows: all of them or an error.
pub(super) trait Rows: Send {
    fn decode(&mut self, rows: &[&[u8]]) -> Result<RecordBatch, ArrowError>;
}

/// A row that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// Its place among the rows given.
    pub(crate) row: usize,
    /// What is wrong with it.
    pub(crate) reason: String,
}

/// The rows that could be read.
pub(crate) struct Decoded {
    /// Their columns.
    pub(crate) batch: RecordBatch,
    /// The others, in order.
    pub(crate) malformed: Vec<Malformed>,
}

impl Decoder {
    pub(super) fn new(
        format: &Format,
        schema: &SchemaRef,
        projection: &[usize],
    ) -> Result<Self, ArrowError> {
        let projected = Arc::new(schema.project(projection)?);
        let rows: Box<dyn Rows> = match format {
            Format::Json(json) => Box::new(JsonRows::new(*json, Arc::clone(&projected))?),
            Format::Csv(csv) => Box::new(CsvRows::new(csv, schema, projection)),
            Format::Raw => Box::new(RawRows::new(Arc::clone(&projected))),
        };
        Ok(Self { rows, schema: projected })
    }

    /// Reads all rows that can be read.
    pub(crate) fn decode(&mut self, rows: &[&[u8]]) -> Result<Decoded, ArrowError> {
        let (mut parts, mut malformed) = (Vec::new(), Vec::new());
        if !rows.is_empty() {
            self.halve(rows, 0, &mut parts, &mut malformed);
        }
        let batch = match parts.len() {
            0 => empty(&self.schema)?,
            1 => parts.swap_remove(0),
            _ if self.schema.fields().is_empty() => {
                without_columns(&self.schema, parts.iter().map(RecordBatch::num_rows).sum())?
            }
            _ => concat_batches(&self.schema, &parts)?,
        };
        Ok(Decoded { batch, malformed })
    }

    fn halve(
        &mut self,
        rows: &[&[u8]],
        first: usize,
        parts: &mut Vec<RecordBatch>,
        malformed: &mut Vec<Malformed>,
    ) {
        match self.rows.decode(rows) {
            Ok(batch) => parts.push(batch),
            Err(error) if rows.len() <= 1 => {
                malformed.push(Malformed { row: first, reason: reason(&error) });
            }
            Err(_) => {
                let (left, right) = rows.split_at(rows.len() / 2);
                self.halve(left, first, parts, malformed);
                self.halve(right, first + left.len(), parts, malformed);
            }
        }
    }
}

/// What Arrow says, without the name of its part.
fn reason(error: &ArrowError) -> String {
    match error {
        ArrowError::JsonError(text)
        | ArrowError::CsvError(text)
        | ArrowError::ParseError(text)
        | ArrowError::InvalidArgumentError(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Columns under the schema that the table declares; a NULL where it says NOT NULL is an error.
pub(super) fn as_declared(
    batch: &RecordBatch,
    schema: &SchemaRef,
) -> Result<RecordBatch, ArrowError> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), batch.columns().to_vec(), &options)
}

/// The schema with every column nullable, so that a missing value is found by us and not by the parser.
pub(super) fn nullable(schema: &Schema) -> SchemaRef {
    let fields = schema
        .fields()
        .iter()
        .map(|field| Field::new(field.name(), field.data_type().clone(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn empty(schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    if schema.fields().is_empty() {
        return without_columns(schema, 0);
    }
    Ok(RecordBatch::new_empty(Arc::clone(schema)))
}

pub(super) fn without_columns(schema: &SchemaRef, rows: usize) -> Result<RecordBatch, ArrowError> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), Vec::new(), &options)
}

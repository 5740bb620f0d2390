//! Comma-separated rows, one a record or line.
//!
//! * The columns are those of the table, in order; only the ones asked for are built.
//! * A field that is the null literal (nothing, unless set) is NULL; in a STRING column nothing is the empty text.

use std::sync::Arc;

use arrow::{
    array::RecordBatch,
    csv::reader::ReaderBuilder,
    datatypes::{Schema, SchemaRef},
    error::ArrowError,
};

use super::{
    Csv,
    decode::{Rows, as_declared, nullable, without_columns},
};

pub(super) struct CsvRows {
    delimiter: u8,
    quote: u8,
    whole: SchemaRef,
    projection: Vec<usize>,
    declared: SchemaRef,
    text: Vec<u8>,
}

impl CsvRows {
    pub(super) fn new(options: &Csv, whole: &SchemaRef, projection: &[usize]) -> Self {
        let declared = whole.project(projection).unwrap_or_else(|_| Schema::empty());
        Self {
            delimiter: options.delimiter,
            quote: options.quote,
            whole: nullable(whole),
            projection: projection.to_vec(),
            declared: Arc::new(declared),
            text: Vec::new(),
        }
    }
}

impl Rows for CsvRows {
    fn decode(&mut self, rows: &[&[u8]]) -> Result<RecordBatch, ArrowError> {
        self.text.clear();
        for row in rows {
            self.text.extend_from_slice(row);
            self.text.push(b'\n');
        }
        // Without a column asked for, the first one is read to count the rows.
        let projection = if self.projection.is_empty() { vec![0] } else { self.projection.clone() };
        let mut decoder = ReaderBuilder::new(Arc::clone(&self.whole))
            .with_delimiter(self.delimiter)
            .with_quote(self.quote)
            .with_batch_size(rows.len() + 1)
            .with_projection(projection)
            .build_decoder();
        let read = decoder.decode(&self.text)?;
        let batch = decoder.flush()?;
        let batch = batch.filter(|batch| batch.num_rows() == rows.len() && read == self.text.len());
        let batch = batch.ok_or_else(|| {
            ArrowError::CsvError("it is not exactly one row of comma-separated fields".to_owned())
        })?;
        if self.projection.is_empty() {
            return without_columns(&self.declared, batch.num_rows());
        }
        as_declared(&batch, &self.declared)
    }
}

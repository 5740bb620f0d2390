//! The whole record as one column: text or bytes.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, BinaryArray, RecordBatch, StringArray},
    compute::cast,
    datatypes::SchemaRef,
    error::ArrowError,
};

use super::{
    decode::{Rows, as_declared, without_columns},
    is_text,
};

pub(super) struct RawRows {
    declared: SchemaRef,
}

impl RawRows {
    pub(super) fn new(declared: SchemaRef) -> Self {
        Self { declared }
    }
}

impl Rows for RawRows {
    fn decode(&mut self, rows: &[&[u8]]) -> Result<RecordBatch, ArrowError> {
        let Some(field) = self.declared.fields().first() else {
            return without_columns(&self.declared, rows.len());
        };
        let column: ArrayRef = if is_text(field.data_type()) {
            let texts = rows.iter().map(|row| std::str::from_utf8(row));
            let texts: Vec<&str> = texts.collect::<Result<_, _>>().map_err(|error| {
                ArrowError::ParseError(format!("it is not UTF-8 text: {error}"))
            })?;
            Arc::new(StringArray::from(texts))
        } else {
            Arc::new(BinaryArray::from_iter_values(rows))
        };
        let column = cast(&column, field.data_type())?;
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let schema = Arc::clone(&self.declared);
        let batch = RecordBatch::try_new_with_options(schema, vec![column], &options)?;
        as_declared(&batch, &self.declared)
    }
}

//! JSON objects, one a row.
//!
//! * Only the columns asked for are built; other fields are passed over.
//! * As in Flink, a column that is missing or null is NULL, a number becomes text where the column is STRING, and with
//!   `ignore-parse-errors` a field of another type is NULL.

use arrow::{
    array::{Array, RecordBatch},
    datatypes::SchemaRef,
    error::ArrowError,
    json::reader::{Decoder, ReaderBuilder},
};

use super::{
    Json,
    decode::{Rows, as_declared, nullable},
};

pub(super) struct JsonRows {
    options: Json,
    declared: SchemaRef,
    nullable: SchemaRef,
    decoder: Option<(Decoder, usize)>,
}

impl JsonRows {
    pub(super) fn new(options: Json, declared: SchemaRef) -> Result<Self, ArrowError> {
        let nullable = nullable(&declared);
        let rows = Self { options, declared, nullable, decoder: None };
        // A type that JSON cannot give is found here and not at the first row.
        rows.fresh(1)?;
        Ok(rows)
    }

    fn fresh(&self, rows_max: usize) -> Result<Decoder, ArrowError> {
        ReaderBuilder::new(SchemaRef::clone(&self.nullable))
            .with_batch_size(rows_max)
            .with_coerce_primitive(true)
            .with_ignore_type_conflicts(self.options.ignore_parse_errors)
            .build_decoder()
    }

    fn parse(&mut self, rows: &[&[u8]]) -> Result<RecordBatch, ArrowError> {
        // A decoder that met an error is not used again; one that is large enough is.
        let (mut decoder, rows_max) = match self.decoder.take() {
            Some((decoder, rows_max)) if rows_max > rows.len() => (decoder, rows_max),
            _ => {
                let rows_max = (rows.len() + 1).next_power_of_two();
                (self.fresh(rows_max)?, rows_max)
            }
        };
        for (number, row) in rows.iter().enumerate() {
            let read = decoder.decode(row)?;
            if decoder.has_partial_record() {
                return Err(malformed("the JSON ends too early"));
            }
            if read != row.len() || decoder.len() != number + 1 {
                return Err(malformed("it is not exactly one JSON object"));
            }
        }
        let batch = decoder.flush()?.ok_or_else(|| malformed("it is empty"))?;
        self.decoder = Some((decoder, rows_max));
        Ok(batch)
    }

    /// Finds a row that leaves out a column; NULL itself is allowed.
    fn check_present(&self, batch: &RecordBatch, rows: &[&[u8]]) -> Result<(), ArrowError> {
        let columns = batch.columns().iter().zip(self.declared.fields());
        for (column, field) in columns.filter(|(column, _)| column.null_count() > 0) {
            for (_, row) in rows.iter().enumerate().filter(|(row, _)| column.is_null(*row)) {
                let value: serde_json::Value =
                    serde_json::from_slice(row).map_err(|error| malformed(&error.to_string()))?;
                if value.get(field.name()).is_none() {
                    return Err(malformed(&format!("field `{}` is missing", field.name())));
                }
            }
        }
        Ok(())
    }
}

impl Rows for JsonRows {
    fn decode(&mut self, rows: &[&[u8]]) -> Result<RecordBatch, ArrowError> {
        let batch = self.parse(rows)?;
        if self.options.fail_on_missing_field {
            self.check_present(&batch, rows)?;
        }
        as_declared(&batch, &self.declared)
    }
}

fn malformed(reason: &str) -> ArrowError {
    ArrowError::JsonError(reason.to_owned())
}

//! A Parquet file, some rows at a time, with its columns cast to the table's types.

use std::{
    fs::File,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow::{
    array::{RecordBatch, RecordBatchOptions},
    compute::cast,
    datatypes::{Schema, SchemaRef},
};
use parquet::arrow::{
    ProjectionMask,
    arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder},
};

use super::read::FileError;

/// Rows decoded at once.
const BATCH_ROWS: usize = 8_192;

/// An open Parquet file.
pub(super) struct ParquetFile {
    path: PathBuf,
    reader: ParquetRecordBatchReader,
    schema: SchemaRef,
    /// Decoded rows that were not asked for yet.
    rest: Option<RecordBatch>,
    row: u64,
}

impl ParquetFile {
    pub(super) fn open(
        path: &Path,
        schema: &SchemaRef,
        projection: &[usize],
        position: u64,
    ) -> Result<Self, FileError> {
        let file = File::open(path).map_err(|source| match source.kind() {
            ErrorKind::NotFound => FileError::Absent { path: path.to_owned() },
            _ => FileError::Read { path: path.to_owned(), source },
        })?;
        let failed = |source| FileError::Parquet { path: path.to_owned(), source };
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(failed)?;
        let projected = schema.project(projection).unwrap_or_else(|_| Schema::empty());
        let names = projected.fields().iter().map(|field| field.name().as_str());
        for column in names.clone() {
            if builder.schema().index_of(column).is_err() {
                let (path, column) = (path.to_owned(), column.to_owned());
                return Err(FileError::NoColumn { path, column });
            }
        }
        let mask = ProjectionMask::columns(builder.parquet_schema(), names);
        let builder = builder.with_projection(mask).with_batch_size(BATCH_ROWS);
        let reader = builder.with_offset(position as usize).build().map_err(failed)?;
        let (path, schema) = (path.to_owned(), Arc::new(projected));
        Ok(Self { path, reader, schema, rest: None, row: position })
    }

    /// Rows read so far.
    pub(super) fn row(&self) -> u64 {
        self.row
    }

    pub(super) fn next(&mut self, rows_max: usize) -> Result<Option<RecordBatch>, FileError> {
        let failed = |source| FileError::Arrow { path: self.path.clone(), source };
        let batch = match self.rest.take() {
            Some(batch) => batch,
            None => match self.reader.next() {
                Some(batch) => batch.map_err(failed)?,
                None => return Ok(None),
            },
        };
        let count = batch.num_rows().min(rows_max);
        if count < batch.num_rows() {
            self.rest = Some(batch.slice(count, batch.num_rows() - count));
        }
        let batch = batch.slice(0, count);
        let columns = self.schema.fields().iter().map(|field| {
            let column = batch.column_by_name(field.name());
            cast(
                column.unwrap_or(&arrow::array::new_null_array(field.data_type(), count)),
                field.data_type(),
            )
        });
        let columns = columns.collect::<Result<Vec<_>, _>>().map_err(failed)?;
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let schema = Arc::clone(&self.schema);
        let batch = RecordBatch::try_new_with_options(schema, columns, &options).map_err(failed)?;
        self.row += count as u64;
        Ok(Some(batch))
    }
}

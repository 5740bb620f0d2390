//! Files to rows, in any of the formats, from any row on.

use std::{
    io,
    path::{Path, PathBuf},
};

use arrow::{array::RecordBatch, datatypes::SchemaRef, error::ArrowError};
use parquet::errors::ParquetError;

use super::{FileFormat, parquet_file::ParquetFile, text_file::TextFile};
use crate::{format::Decoder, skipped::Skipped};

/// Why files cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error("there is no file or directory {}", path.display())]
    Absent { path: PathBuf },
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{} is a file; rows are written into a directory", path.display())]
    NotADirectory { path: PathBuf },
    #[error("{} is not a Parquet file of this table: {source}", path.display())]
    Parquet { path: PathBuf, source: ParquetError },
    #[error("{}: column `{column}` is not in the Parquet file", path.display())]
    NoColumn { path: PathBuf, column: String },
    #[error("{} line {line}: {reason}", path.display())]
    Malformed { path: PathBuf, line: u64, reason: String },
    #[error("{}: {source}", path.display())]
    Arrow { path: PathBuf, source: ArrowError },
}

/// Reads files of one table.
pub(super) struct FileReader {
    format: FileFormat,
    schema: SchemaRef,
    projection: Vec<usize>,
    decoder: Option<Decoder>,
    pub(super) skipped: Skipped,
}

/// A file being read.
pub(super) enum OpenFile {
    Text(TextFile),
    Parquet(ParquetFile),
}

impl OpenFile {
    /// Lines or rows read so far.
    pub(super) fn position(&self) -> u64 {
        match self {
            Self::Text(file) => file.line(),
            Self::Parquet(file) => file.row(),
        }
    }
}

impl FileReader {
    pub(super) fn new(format: FileFormat, schema: SchemaRef, projection: Vec<usize>) -> Self {
        Self { format, schema, projection, decoder: None, skipped: Skipped::default() }
    }

    /// Opens a file after so many lines or rows.
    pub(super) fn open(&self, path: &Path, position: u64) -> Result<OpenFile, FileError> {
        match &self.format {
            FileFormat::Lines(format) => {
                Ok(OpenFile::Text(TextFile::open(path, format, position)?))
            }
            FileFormat::Parquet => {
                let file = ParquetFile::open(path, &self.schema, &self.projection, position)?;
                Ok(OpenFile::Parquet(file))
            }
        }
    }

    /// The next rows of a file, `None` at its end. A batch without rows says that all of them were malformed.
    pub(super) fn next(
        &mut self,
        file: &mut OpenFile,
        rows_max: usize,
    ) -> Result<Option<RecordBatch>, FileError> {
        match file {
            OpenFile::Text(file) => self.next_lines(file, rows_max),
            OpenFile::Parquet(file) => file.next(rows_max),
        }
    }

    fn next_lines(
        &mut self,
        file: &mut TextFile,
        rows_max: usize,
    ) -> Result<Option<RecordBatch>, FileError> {
        let path = file.path().to_owned();
        let failed = |source| FileError::Arrow { path: path.clone(), source };
        let decoder = match (&mut self.decoder, &self.format) {
            (Some(decoder), _) => decoder,
            (none, FileFormat::Lines(format)) => {
                let decoder = format.decoder(&self.schema, &self.projection).map_err(failed)?;
                none.insert(decoder)
            }
            (None, FileFormat::Parquet) => return Ok(None),
        };
        if !file.fill(rows_max)? {
            return Ok(None);
        }
        let lines = file.lines();
        let rows: Vec<&[u8]> = lines.iter().map(|(_, row)| *row).collect();
        let read = decoder.decode(&rows).map_err(failed)?;
        for malformed in read.malformed {
            let line = lines.get(malformed.row).map_or(0, |(line, _)| *line);
            if !self.format.ignores_errors() {
                return Err(FileError::Malformed { path, line, reason: malformed.reason });
            }
            self.skipped.add(|| format!("{} line {line}: {}", path.display(), malformed.reason));
        }
        Ok(Some(read.batch))
    }
}

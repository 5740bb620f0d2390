//! `'connector' = 'filesystem'`: tables over a file or a directory of `json`, `csv` or `parquet` files.
//!
//! * Reading is bounded: the files that are there when the query starts, sorted by name; names that begin with `.` or `_`
//!   are passed over, and `.gz` is unpacked. A file is a split, its position the number of lines or rows read.
//! * Writing goes to hidden files that get their name when the checkpoint is durable, so readers see whole files only.
//!
//! Start reading at [`Filesystem`].

mod parquet_file;
mod path;
mod read;
mod sink;
mod source;
mod text_file;

use std::{path::PathBuf, sync::Arc};

use arrow::datatypes::SchemaRef;
use pancake_dataflow::{Sink, Source, SubtaskContext};
use pancake_sql::connector::{
    Accepts, BatchIter, ColumnKind, Connector, ConnectorError, StreamRequest, TableDef, TableSink,
    TableSource,
};

use crate::format::{self, Format};
use read::{FileError, FileReader};

const KNOWN: [&str; 3] = ["path", "sink.parallelism", "source.path.regex-pattern"];
/// Rows of one batch of a bounded read.
const SCAN_ROWS_MAX: usize = 8_192;

/// Tables over files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filesystem;

/// A table over files.
#[derive(Clone, Debug)]
struct FileTable {
    name: String,
    path: PathBuf,
    format: FileFormat,
    schema: SchemaRef,
}

/// How the rows of a file are written.
#[derive(Clone, Debug)]
enum FileFormat {
    /// One row a line.
    Lines(Format),
    Parquet,
}

impl FileFormat {
    fn extension(&self) -> &'static str {
        match self {
            Self::Lines(Format::Json(_)) => "json",
            Self::Lines(Format::Csv(_)) => "csv",
            Self::Lines(Format::Raw) => "txt",
            Self::Parquet => "parquet",
        }
    }

    fn ignores_errors(&self) -> bool {
        matches!(self, Self::Lines(format) if format.ignores_errors())
    }
}

impl FileTable {
    fn of(table: &TableDef) -> Result<Self, ConnectorError> {
        let known: Vec<&str> = KNOWN.iter().chain(&format::KNOWN).copied().collect();
        let options = &table.options;
        options.check_known(&known)?;
        let path = path::parse(options.required("path")?);
        let path = path.ok_or_else(|| options.malformed("path", "a path or a file:// address"))?;
        let schema = table.source_schema();
        let format = if options.required("format")? == "parquet" {
            FileFormat::Parquet
        } else {
            let format = Format::of(options, "")?;
            format.check(table, &schema)?;
            FileFormat::Lines(format)
        };
        let unsupported = |what: &str| {
            let connector = table.connector().to_owned();
            Err(ConnectorError::Unsupported { connector, what: what.to_owned() })
        };
        if !table.partitioned_by.is_empty() {
            return unsupported("PARTITIONED BY yet");
        }
        if table.columns.iter().any(|c| matches!(c.kind, ColumnKind::Metadata { .. })) {
            return unsupported("metadata columns yet");
        }
        Ok(Self { name: table.name.clone(), path, format, schema })
    }

    fn files(&self) -> Result<Vec<PathBuf>, ConnectorError> {
        path::files(&self.path).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: FileError) -> ConnectorError {
        match error {
            FileError::Malformed { path, line, reason } => ConnectorError::Malformed {
                table: self.name.clone(),
                place: format!("{} line {line}", path.display()),
                reason,
            },
            error => ConnectorError::Failed { table: self.name.clone(), source: error.into() },
        }
    }

    fn reader(&self, projection: Option<&[usize]>) -> FileReader {
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let projection = projection.map_or(all, <[usize]>::to_vec);
        FileReader::new(self.format.clone(), SchemaRef::clone(&self.schema), projection)
    }
}

impl Connector for Filesystem {
    fn name(&self) -> &'static str {
        "filesystem"
    }

    fn validate(&self, table: &TableDef) -> Result<(), ConnectorError> {
        FileTable::of(table).map(|_| ())
    }

    fn source(&self, table: &TableDef) -> Result<Arc<dyn TableSource>, ConnectorError> {
        let table = FileTable::of(table)?;
        let files = table.files()?;
        Ok(Arc::new(FileSource { table, files }))
    }

    fn sink(&self, table: &TableDef) -> Result<Arc<dyn TableSink>, ConnectorError> {
        Ok(Arc::new(FileTable::of(table)?))
    }
}

#[derive(Debug)]
struct FileSource {
    table: FileTable,
    files: Vec<PathBuf>,
}

impl TableSource for FileSource {
    fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.table.schema)
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn splits(&self) -> usize {
        self.files.len().max(1)
    }

    fn stream(&self, request: &StreamRequest) -> Result<Box<dyn Source>, ConnectorError> {
        let context =
            SubtaskContext { subtask: request.subtask, parallelism: request.parallelism.max(1) };
        let mine = self.files.iter().enumerate().filter(|(index, _)| context.owns(*index));
        let mine = mine.map(|(_, path)| path.clone()).collect();
        let reader = self.table.reader(request.projection.as_deref());
        Ok(Box::new(source::FilesSource::new(&self.table.name, mine, reader)))
    }

    fn scan(
        &self,
        projection: Option<&[usize]>,
        _limit: Option<usize>,
    ) -> Result<BatchIter, ConnectorError> {
        let mut reader = self.table.reader(projection);
        let (table, mut files) = (self.table.clone(), self.files.clone().into_iter());
        let mut open = None;
        Ok(Box::new(std::iter::from_fn(move || {
            loop {
                let file = match &mut open {
                    Some(file) => file,
                    None => match reader.open(&files.next()?, 0) {
                        Ok(file) => open.insert(file),
                        Err(error) => return Some(Err(table.failed(error))),
                    },
                };
                match reader.next(file, SCAN_ROWS_MAX) {
                    Ok(Some(batch)) if batch.num_rows() == 0 => {}
                    Ok(Some(batch)) => return Some(Ok(batch)),
                    Ok(None) => open = None,
                    Err(error) => {
                        // What follows a failure is not read.
                        files = Vec::new().into_iter();
                        open = None;
                        return Some(Err(table.failed(error)));
                    }
                }
            }
        })))
    }
}

impl TableSink for FileTable {
    fn accepts(&self) -> Accepts {
        Accepts::Appends
    }

    fn open(&self, subtask: usize, _parallelism: usize) -> Result<Box<dyn Sink>, ConnectorError> {
        let sink = sink::FilesSink::open(self, subtask).map_err(|error| self.failed(error))?;
        Ok(Box::new(sink))
    }
}

//! Rows into files that appear whole.
//!
//! * Rows go to a hidden file; `prepare` closes and syncs it, `commit` gives it its name. A restart before the commit
//!   leaves hidden files that nobody reads; a restart after `prepare` commits them again.
//! * Names hold a part that is new with every run, so that a second INSERT adds files and replaces none.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::PathBuf,
    sync::Arc,
};

use pancake_dataflow::{ChangeBatch, CheckpointId, Sink, SinkError};
use parquet::arrow::ArrowWriter;

use super::{FileFormat, FileTable, read::FileError};
use crate::format::Encoder;

/// Writes one subtask's files.
pub(super) struct FilesSink {
    table: FileTable,
    prefix: String,
    number: u64,
    open: Option<Open>,
    /// Names of closed files that wait for their checkpoint.
    prepared: Vec<(CheckpointId, String)>,
}

enum Open {
    Lines { name: String, file: BufWriter<File>, encoder: Encoder },
    Parquet { name: String, file: File, writer: Box<ArrowWriter<File>> },
}

impl FilesSink {
    pub(super) fn open(table: &FileTable, subtask: usize) -> Result<Self, FileError> {
        if table.path.is_file() {
            return Err(FileError::NotADirectory { path: table.path.clone() });
        }
        fs::create_dir_all(&table.path)
            .map_err(|source| FileError::Write { path: table.path.clone(), source })?;
        let run = uuid::Uuid::new_v4().simple().to_string();
        let run = run.get(..12).unwrap_or_default();
        let (prefix, prepared) = (format!("part-{run}-{subtask}"), Vec::new());
        Ok(Self { table: table.clone(), prefix, number: 0, open: None, prepared })
    }

    fn hidden(&self, name: &str) -> PathBuf {
        self.table.path.join(format!(".{name}.inprogress"))
    }

    fn create(&mut self) -> Result<Open, FileError> {
        let extension = self.table.format.extension();
        let name = format!("{}-{}.{extension}", self.prefix, self.number);
        self.number += 1;
        let path = self.hidden(&name);
        let file = File::create(&path)
            .map_err(|source| FileError::Write { path: path.clone(), source })?;
        match &self.table.format {
            FileFormat::Lines(format) => {
                let columns = (0..self.table.schema.fields().len()).collect();
                let encoder = Encoder::new(format.clone(), columns);
                Ok(Open::Lines { name, file: BufWriter::new(file), encoder })
            }
            FileFormat::Parquet => {
                let schema = Arc::clone(&self.table.schema);
                let second = file.try_clone();
                let second =
                    second.map_err(|source| FileError::Write { path: path.clone(), source })?;
                let writer = ArrowWriter::try_new(second, schema, None)
                    .map_err(|source| FileError::Parquet { path, source })?;
                Ok(Open::Parquet { name, file, writer: Box::new(writer) })
            }
        }
    }

    fn append(&mut self, batch: &ChangeBatch) -> Result<(), FileError> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.create()?,
        };
        let path = self.hidden(open.name());
        match &mut open {
            Open::Lines { file, encoder, .. } => {
                let rows = encoder.encode(batch.rows());
                let rows =
                    rows.map_err(|source| FileError::Arrow { path: path.clone(), source })?;
                for row in rows {
                    let write = file.write_all(&row.unwrap_or_default());
                    write
                        .and_then(|()| file.write_all(b"\n"))
                        .map_err(|source| FileError::Write { path: path.clone(), source })?;
                }
            }
            Open::Parquet { writer, .. } => {
                let rows = batch.rows().clone().with_schema(Arc::clone(&self.table.schema));
                let rows =
                    rows.map_err(|source| FileError::Arrow { path: path.clone(), source })?;
                writer.write(&rows).map_err(|source| FileError::Parquet { path, source })?;
            }
        }
        self.open = Some(open);
        Ok(())
    }

    /// Makes the open file durable under its hidden name.
    fn close(&mut self) -> Result<Option<String>, FileError> {
        let Some(open) = self.open.take() else { return Ok(None) };
        let path = self.hidden(open.name());
        let failed = |source| FileError::Write { path: path.clone(), source };
        let (name, file) = match open {
            Open::Lines { name, file, .. } => {
                let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
                (name, file)
            }
            Open::Parquet { name, file, writer } => {
                let closed = writer.close();
                closed.map_err(|source| FileError::Parquet { path: path.clone(), source })?;
                (name, file)
            }
        };
        file.sync_all().map_err(failed)?;
        Ok(Some(name))
    }

    /// Gives a file its name; one that has it already is left alone.
    fn publish(&self, name: &str) -> Result<(), FileError> {
        let (hidden, path) = (self.hidden(name), self.table.path.join(name));
        let failed = |source| FileError::Write { path: path.clone(), source };
        if hidden.exists() {
            fs::rename(&hidden, &path).map_err(failed)?;
        }
        File::open(&self.table.path).and_then(|dir| dir.sync_all()).map_err(failed)
    }

    fn write_error(&self, error: FileError) -> SinkError {
        SinkError::Write { table: self.table.name.clone(), source: error.into() }
    }

    fn commit_error(&self, checkpoint: CheckpointId, error: FileError) -> SinkError {
        let table = self.table.name.clone();
        SinkError::Commit { table, checkpoint, source: error.into() }
    }
}

impl Open {
    fn name(&self) -> &str {
        match self {
            Self::Lines { name, .. } | Self::Parquet { name, .. } => name,
        }
    }
}

impl Sink for FilesSink {
    fn write(&mut self, batch: &ChangeBatch) -> Result<(), SinkError> {
        if let Some(kind) = batch.kinds().find(|kind| *kind != pancake_dataflow::RowKind::Insert) {
            return Err(SinkError::Retraction { table: self.table.name.clone(), kind });
        }
        self.append(batch).map_err(|error| self.write_error(error))
    }

    fn prepare(&mut self, checkpoint: CheckpointId) -> Result<Vec<u8>, SinkError> {
        let closed = self.close().map_err(|error| self.commit_error(checkpoint, error))?;
        self.prepared.extend(closed.map(|name| (checkpoint, name)));
        let names: Vec<&str> = self.prepared.iter().map(|(_, name)| name.as_str()).collect();
        Ok(names.join("\n").into_bytes())
    }

    fn commit(&mut self, checkpoint: CheckpointId) -> Result<(), SinkError> {
        while let Some((_, name)) = self.prepared.iter().find(|(at, _)| *at <= checkpoint).cloned()
        {
            self.publish(&name).map_err(|error| self.commit_error(checkpoint, error))?;
            self.prepared.retain(|(_, other)| *other != name);
        }
        Ok(())
    }

    fn restore(&mut self, prepared: Vec<Vec<u8>>) -> Result<(), SinkError> {
        for names in prepared {
            let names = String::from_utf8_lossy(&names).into_owned();
            for name in names.lines() {
                self.publish(name).map_err(|error| self.write_error(error))?;
            }
        }
        Ok(())
    }
}

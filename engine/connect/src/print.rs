//! `'connector' = 'print'`: every change as a line, in Flink's form `+I[north, 7.50]`.
//!
//! * The crate prints nothing: lines go to the [`Printer`] that whoever runs the engine gives.

use std::{fmt, sync::Arc};

use pancake_dataflow::{ChangeBatch, Sink, SinkError};
use pancake_sql::connector::{
    Accepts, Connector, ConnectorError, Side, TableDef, TableSink, TableSource,
};

use crate::format::{line, texts};

/// Takes the lines of `print` tables; called from the threads of jobs, must not block for long.
#[derive(Clone)]
pub struct Printer(Arc<dyn Fn(&str) + Send + Sync>);

impl Printer {
    /// A printer that calls `print` with each line.
    pub fn new(print: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(print))
    }
}

impl fmt::Debug for Printer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Printer")
    }
}

/// Tables whose rows are shown.
#[derive(Clone, Debug)]
pub struct Print {
    printer: Printer,
}

impl Print {
    /// Shows rows through a printer.
    pub fn new(printer: Printer) -> Self {
        Self { printer }
    }
}

impl Connector for Print {
    fn name(&self) -> &'static str {
        "print"
    }

    fn validate(&self, table: &TableDef) -> Result<(), ConnectorError> {
        let known = ["print-identifier", "standard-error", "sink.parallelism"];
        Ok(table.options.check_known(&known)?)
    }

    fn source(&self, _table: &TableDef) -> Result<Arc<dyn TableSource>, ConnectorError> {
        let connector = self.name().to_owned();
        Err(ConnectorError::NoSuchSide { connector, side: Side::Read })
    }

    fn sink(&self, table: &TableDef) -> Result<Arc<dyn TableSink>, ConnectorError> {
        self.validate(table)?;
        let identifier = table.options.get("print-identifier").map(str::to_owned);
        let (table, printer) = (table.name.clone(), self.printer.clone());
        Ok(Arc::new(PrintTable { table, identifier, printer }))
    }
}

#[derive(Clone, Debug)]
struct PrintTable {
    table: String,
    identifier: Option<String>,
    printer: Printer,
}

impl TableSink for PrintTable {
    fn accepts(&self) -> Accepts {
        Accepts::Changes
    }

    fn open(&self, subtask: usize, parallelism: usize) -> Result<Box<dyn Sink>, ConnectorError> {
        // As Flink does: the subtask is named only where there is more than one.
        let prefix = match (&self.identifier, parallelism > 1) {
            (Some(identifier), true) => format!("{identifier}:{}> ", subtask + 1),
            (Some(identifier), false) => format!("{identifier}> "),
            (None, true) => format!("{}> ", subtask + 1),
            (None, false) => String::new(),
        };
        Ok(Box::new(PrintSink { table: self.table.clone(), prefix, printer: self.printer.clone() }))
    }
}

struct PrintSink {
    table: String,
    prefix: String,
    printer: Printer,
}

impl Sink for PrintSink {
    fn write(&mut self, batch: &ChangeBatch) -> Result<(), SinkError> {
        let rows = texts(batch.rows()).map_err(|error| SinkError::Write {
            table: self.table.clone(),
            source: error.into(),
        })?;
        for (cells, kind) in rows.iter().zip(batch.kinds()) {
            (self.printer.0)(&format!("{}{}", self.prefix, line(kind.short(), cells)));
        }
        Ok(())
    }
}

//! `'connector' = 'blackhole'`: takes every change and forgets it, to measure what comes before.

use std::sync::Arc;

use pancake_dataflow::{ChangeBatch, Sink, SinkError};
use pancake_sql::connector::{
    Accepts, Connector, ConnectorError, Side, TableDef, TableSink, TableSource,
};

/// Tables that swallow rows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Blackhole;

impl Connector for Blackhole {
    fn name(&self) -> &'static str {
        "blackhole"
    }

    fn validate(&self, table: &TableDef) -> Result<(), ConnectorError> {
        Ok(table.options.check_known(&[])?)
    }

    fn source(&self, _table: &TableDef) -> Result<Arc<dyn TableSource>, ConnectorError> {
        let connector = self.name().to_owned();
        Err(ConnectorError::NoSuchSide { connector, side: Side::Read })
    }

    fn sink(&self, table: &TableDef) -> Result<Arc<dyn TableSink>, ConnectorError> {
        self.validate(table)?;
        Ok(Arc::new(Self))
    }
}

impl TableSink for Blackhole {
    fn accepts(&self) -> Accepts {
        Accepts::Changes
    }

    fn open(&self, _subtask: usize, _parallelism: usize) -> Result<Box<dyn Sink>, ConnectorError> {
        Ok(Box::new(Self))
    }
}

impl Sink for Blackhole {
    fn write(&mut self, _batch: &ChangeBatch) -> Result<(), SinkError> {
        Ok(())
    }
}

//! `'connector' = 'datagen'`: rows made up, at a rate, with a seed.
//!
//! * Row *n* depends on the seed and *n* alone, so a restart goes on with exactly the rows that were to come.
//! * Without `number-of-rows` (and without a sequence) it never ends. One subtask makes the rows.

mod field;
mod source;

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use pancake_dataflow::{Source, SplitId};
use pancake_sql::connector::{
    BatchIter, ColumnKind, Connector, ConnectorError, Side, StreamRequest, TableDef, TableSink,
    TableSource,
};
use pancake_types::Clock;

use field::Field;
use source::{DatagenSource, Rows};

const KNOWN: [&str; 12] = [
    "rows-per-second",
    "number-of-rows",
    "seed",
    "scan.parallelism",
    "fields.*.kind",
    "fields.*.min",
    "fields.*.max",
    "fields.*.length",
    "fields.*.start",
    "fields.*.end",
    "fields.*.null-rate",
    "fields.*.max-past",
];
/// A bounded query over an endless table reads so many rows.
const SCAN_ROWS_MAX: u64 = 10_000;

/// Tables of made-up rows.
#[derive(Clone, Debug)]
pub struct Datagen {
    clock: Arc<dyn Clock>,
}

impl Datagen {
    /// Keeps the rate by a clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

impl Connector for Datagen {
    fn name(&self) -> &'static str {
        "datagen"
    }

    fn validate(&self, table: &TableDef) -> Result<(), ConnectorError> {
        Rows::of(table).map(|_| ())
    }

    fn source(&self, table: &TableDef) -> Result<Arc<dyn TableSource>, ConnectorError> {
        let rows = Rows::of(table)?;
        Ok(Arc::new(DatagenTable {
            rate: table.options.u64_or("rows-per-second", 10_000)?.max(1),
            schema: table.source_schema(),
            rows: Arc::new(rows),
            table: table.name.clone(),
            clock: Arc::clone(&self.clock),
        }))
    }

    fn sink(&self, _table: &TableDef) -> Result<Arc<dyn TableSink>, ConnectorError> {
        let connector = self.name().to_owned();
        Err(ConnectorError::NoSuchSide { connector, side: Side::Written })
    }
}

impl Rows {
    fn of(table: &TableDef) -> Result<Self, ConnectorError> {
        let options = &table.options;
        options.check_known(&KNOWN)?;
        let mut fields = Vec::new();
        for column in
            table.columns.iter().filter(|c| !matches!(c.kind, ColumnKind::Computed { .. }))
        {
            if column.kind != ColumnKind::Physical {
                let what = format!("metadata columns such as `{}`", column.name);
                return Err(ConnectorError::Unsupported { connector: "datagen".to_owned(), what });
            }
            fields.push(Field::of(column, options)?);
        }
        let asked: Option<u64> = options.parse("number-of-rows", "a whole number")?;
        let sequences = fields.iter().filter_map(Field::rows_max);
        let count = asked.into_iter().chain(sequences).min();
        let seed = options.u64_or("seed", 42)?;
        Ok(Self { seed, fields, count, schema: table.source_schema() })
    }
}

#[derive(Debug)]
struct DatagenTable {
    table: String,
    rate: u64,
    schema: SchemaRef,
    rows: Arc<Rows>,
    clock: Arc<dyn Clock>,
}

impl TableSource for DatagenTable {
    fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }

    fn is_bounded(&self) -> bool {
        self.rows.count.is_some()
    }

    fn splits(&self) -> usize {
        1
    }

    fn stream(&self, request: &StreamRequest) -> Result<Box<dyn Source>, ConnectorError> {
        Ok(Box::new(DatagenSource::new(
            SplitId::new(self.table.as_str()),
            Arc::clone(&self.rows),
            request.projection.clone(),
            (request.subtask == 0).then(|| (self.rate, Arc::clone(&self.clock))),
        )))
    }

    fn scan(
        &self,
        projection: Option<&[usize]>,
        limit: Option<usize>,
    ) -> Result<BatchIter, ConnectorError> {
        let count = self.rows.count.unwrap_or(SCAN_ROWS_MAX);
        let count = limit.map_or(count, |limit| count.min(limit as u64));
        let (rows, projection) = (Arc::clone(&self.rows), projection.map(<[usize]>::to_vec));
        let table = self.table.clone();
        let starts = (0..count).step_by(source::BATCH_ROWS as usize);
        Ok(Box::new(starts.map(move |start| {
            let end = count.min(start + source::BATCH_ROWS);
            rows.batch(start..end, projection.as_deref()).map_err(|error| ConnectorError::Failed {
                table: table.clone(),
                source: error.into(),
            })
        })))
    }
}

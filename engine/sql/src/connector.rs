//! What a connector is to SQL: a factory of sources and sinks for tables declared with `'connector' = '…'`.
//!
//! * A connector sees a [`TableDef`] and nothing of queries; it names no `DataFusion` type, only Arrow's.
//! * A source yields the columns of [`TableDef::source_schema`], in that order, cut to the projection asked for.
//!   Computed columns and watermarks are SQL's work, above the source.
//! * Every option is read through [`Options`]; what nobody knows is refused with the nearest known name.
//!
//! Start reading at [`Connector`]; the table it is given is in [`TableDef`].

mod options;
mod registry;
mod table;

use std::{fmt, sync::Arc};

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use pancake_dataflow::{Sink, Source};

pub use options::{OptionError, Options};
pub use registry::Connectors;
pub use table::{Column, ColumnKind, TableDef, WatermarkDef};

/// A factory of tables' sources and sinks, found by its name in `'connector' = '…'`.
pub trait Connector: Send + Sync + fmt::Debug {
    /// The name as written in the option, such as `kafka`.
    fn name(&self) -> &'static str;
    /// Checks the options of a table as soon as it is declared, before anything reads or writes it.
    fn validate(&self, table: &TableDef) -> Result<(), ConnectorError>;
    /// Makes the reading side of a table, or says that the connector has none.
    fn source(&self, table: &TableDef) -> Result<Arc<dyn TableSource>, ConnectorError>;
    /// Makes the writing side of a table, or says that the connector has none.
    fn sink(&self, table: &TableDef) -> Result<Arc<dyn TableSink>, ConnectorError>;
}

/// The batches of a bounded scan, read on a thread that may block.
pub type BatchIter = Box<dyn Iterator<Item = Result<RecordBatch, ConnectorError>> + Send>;

/// The reading side of one table.
pub trait TableSource: Send + Sync + fmt::Debug {
    /// The columns it yields: [`TableDef::source_schema`].
    fn schema(&self) -> SchemaRef;
    /// Whether a stream of it ends by itself, as a file's does.
    fn is_bounded(&self) -> bool;
    /// How many subtasks can read at once (a topic's partitions, the files of a directory); at least 1.
    fn splits(&self) -> usize;
    /// Makes one subtask's share of the stream.
    fn stream(&self, request: &StreamRequest) -> Result<Box<dyn Source>, ConnectorError>;
    /// Reads from the earliest row to the latest at the moment of the call, at least `limit` rows if there are as many.
    fn scan(
        &self,
        projection: Option<&[usize]>,
        limit: Option<usize>,
    ) -> Result<BatchIter, ConnectorError>;
}

/// Which share of a stream a subtask reads.
#[derive(Clone, Debug)]
pub struct StreamRequest {
    /// Columns of the source's schema to yield, in order; all when `None`.
    pub projection: Option<Vec<usize>>,
    /// How many subtasks share the table.
    pub parallelism: usize,
    /// Which of them this is, from zero.
    pub subtask: usize,
}

/// Which changes a sink can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// Only new rows (`+I`).
    Appends,
    /// New rows, new values of keys and deletions of keys: `+I`, `+U`, `-D`; the table has a primary key.
    Upserts,
    /// Every change, with the row as it was before (`-U`).
    Changes,
}

/// The writing side of one table.
pub trait TableSink: Send + Sync + fmt::Debug {
    /// Which changes it takes; the planner refuses a query that makes others.
    fn accepts(&self) -> Accepts;
    /// Opens one subtask's share of the sink. Batches have the columns of [`TableDef::sink_schema`].
    fn open(&self, subtask: usize, parallelism: usize) -> Result<Box<dyn Sink>, ConnectorError>;
}

/// Why a connector cannot make or read a table.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// An option is missing, unknown or malformed.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// The connector has no such side: `print` cannot be read, `datagen` cannot be written.
    #[error("connector `{connector}` cannot be {side}")]
    NoSuchSide {
        /// The connector's name.
        connector: String,
        /// What was asked for.
        side: Side,
    },
    /// The table asks for something that the connector does not do.
    #[error("connector `{connector}` does not support {what}")]
    Unsupported {
        /// The connector's name.
        connector: String,
        /// What was asked for.
        what: String,
    },
    /// A row could not be read as the table describes it.
    #[error("table `{table}`: {reason} at {place}")]
    Malformed {
        /// The table.
        table: String,
        /// Where the row is, such as `orders-0 offset 17` or `a.csv line 3`.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What stands behind the table failed.
    #[error("table `{table}`: {source}")]
    Failed {
        /// The table.
        table: String,
        /// The failure.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A side of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Its source.
    Read,
    /// Its sink.
    Written,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Written => "written",
        })
    }
}

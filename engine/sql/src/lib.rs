//! Flink's SQL dialect to a dataflow graph or a bounded plan.
//!
//! * This is the only crate that names `DataFusion`: others see Arrow batches and dataflow graphs.
//! * SQL plans and reads; it never starts a job. What runs on is handed back as a graph, and the node runs it.
//! * Errors of the user's text carry line, column and, where there is one, the nearest known name.
//!
//! Start reading at [`Session`]; what stands behind a table is a [`connector::Connector`].

mod bind;
mod bounded;
pub mod catalog;
pub mod connector;
mod error;
mod expand;
mod functions;
mod nearest;
mod parse;
pub mod render;
mod scan;
mod session;
mod stream;

pub use bounded::{Executor, Limits, Rows};
pub use catalog::{Catalog, CatalogEvent, Object, ViewDef};
pub use error::{Position, SqlError};
pub use parse::{Statement, types::sql_type};
pub use session::{Mode, Outcome, Session, SessionOptions};
pub use stream::{Changes, JobPlan, StreamRows};

//! Flink's SQL dialect to a dataflow graph or a bounded plan.
//!
//! * This is the only crate that names DataFusion: others see Arrow batches and dataflow graphs.
//! * SQL plans and reads; it never starts a job. What runs on is handed back as a graph, and the node runs it.
//! * Errors of the user's text carry line, column and, where there is one, the nearest known name.
//!
//! Start reading at [`connector::Connector`].

mod bind;
pub mod catalog;
pub mod connector;
mod error;
mod functions;
mod nearest;
mod parse;

pub use catalog::{Catalog, CatalogEvent, Object, ViewDef};
pub use error::{Position, SqlError};
pub use parse::Statement;

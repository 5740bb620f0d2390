//! Flink's SQL dialect to a dataflow graph or a bounded plan.
//!
//! * This is the only crate that names DataFusion: others see Arrow batches and dataflow graphs.
//! * SQL plans and reads; it never starts a job. What runs on is handed back as a graph, and the node runs it.
//! * Errors of the user's text carry line, column and, where there is one, the nearest known name.
//!
//! Start reading at [`connector::Connector`].

pub mod connector;
mod nearest;

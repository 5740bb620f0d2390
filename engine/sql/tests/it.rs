//! SQL from text to rows: bounded, as streams, and both against each other.

#[path = "it/bounded.rs"]
mod bounded;
#[path = "it/ddl.rs"]
mod ddl;
#[path = "it/errors.rs"]
mod errors;
#[path = "it/flink.rs"]
mod flink;
#[path = "it/memory.rs"]
mod memory;
#[path = "it/oracle.rs"]
mod oracle;
#[path = "it/streams.rs"]
mod streams;

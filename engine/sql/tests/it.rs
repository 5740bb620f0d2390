//! SQL from text to rows: bounded, as streams, and both against each other.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test may end where it stands, and says what it measured"
)]

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

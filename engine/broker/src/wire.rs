//! Kafka's wire protocol: every message that this broker reads or writes, described once.
//!
//! * A description in [`api`] gives a field's name, type and versions; the macro in `message` makes decode *and* encode of it.
//! * A decoder never allocates by an announced count: a count is at most what the remaining bytes could hold.
//! * Nothing here reads a clock, spawns a task or opens a socket. Magic numbers (−1, empty string) stay in here.
//!
//! Start reading at [`api::metadata`], then at `message`.

mod error_code;
pub(crate) mod frame;
mod header;
mod message;
mod reader;
mod value;
mod writer;

pub(crate) mod api;

pub(crate) use error_code::ErrorCode;
pub(crate) use header::{RequestHeader, response_header};
pub(crate) use message::{Api, Version, Wire};
pub(crate) use reader::{DecodeError, Reader};
pub(crate) use value::Str;
pub(crate) use writer::{Parts, Writer};

#[cfg(test)]
mod tests;

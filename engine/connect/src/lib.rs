//! Sources and sinks: topics, files, generators, and the data sets that feed them.
//!
//! * The connectors implement `pancake_sql`'s traits; the topic source reads this process's own log without a socket.
//! * A generator is pure: the same name and parameters give the same events, byte for byte, on every machine.
//! * A data set is what its manifest says, or it is refused: every file is checked by its sha256 before it has its name.
//!
//! Start reading at [`connectors`] for tables, at [`generator::Generators`] for events, at [`dataset::Manifest`] for data sets.

mod blackhole;
mod datagen;
pub mod dataset;
mod filesystem;
mod format;
pub mod generator;
mod kafka;
mod print;
mod set;
mod skipped;
pub mod time;

pub use blackhole::Blackhole;
pub use datagen::Datagen;
pub use filesystem::Filesystem;
pub use kafka::Kafka;
pub use print::{Print, Printer};
pub use set::{ConnectorSet, connectors};

//! Sources and sinks: topics, files, generators, and the data sets that feed them.
//!
//! * The connectors implement `pancake_sql`'s traits; the topic source reads this process's own log without a socket.
//! * A generator is pure: the same name and parameters give the same events, byte for byte, on every machine.
//! * A data set is what its manifest says, or it is refused: every file is checked by its sha256 before it has its name.
//!
//! Start reading at [`generator::Generators`] for events, at [`dataset::Manifest`] for data sets.

pub mod dataset;
pub mod generator;
pub mod time;

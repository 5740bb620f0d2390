//! One partition's durable log: segments, index, recovery, retention, compaction.
//!
//! * The files are Kafka's: `%020d.log` of raw v2 record batches with sparse `.index` and `.timeindex` beside it.
//! * Only `.log` files and the recovery point carry truth; every index is a cache that a scan rebuilds.
//! * Nothing here reads a clock, opens a socket or starts a thread that outlives a call: the time is passed in, and
//!   files are reached through [`pancake_types::Storage`].
//! * What a client sent is passed through: bytes under a batch's checksum change only for `LogAppendTime` and compaction.
//! * After a failed write or fsync a log takes no more writes until it is opened again; reads go on.
//!
//! Start reading at [`Log`], then [`batch`].

pub mod batch;

mod error;
mod index;
mod log;
mod options;
mod producers;
mod round;
mod scan;
mod segment;
mod state;
mod storage;
mod tail;

pub use error::{
    AppendError, CloseError, InvalidRecord, MaintenanceError, ReadError, RecoverError,
    StorageError, SyncError,
};
pub use log::{Appended, Compacted, Expired, Fetched, Log, Recovery, SegmentInfo};
pub use options::{Cleanup, LogOptions, Retention, TimestampType};
pub use round::sync_round;
pub use storage::FileStorage;

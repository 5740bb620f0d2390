//! Newtypes and words that every part of the workshop shares.
//!
//! * Nothing here does I/O, spawns a task or needs an async runtime; [`SystemClock`] alone reads the machine's clock.
//! * A value that exists is valid: names are checked when they are made, offsets never go below zero.
//! * The magic numbers of the wire (−1, empty string) do not appear here; they are `Option`s and enums.
//!
//! Start reading at [`Offset`] and [`TopicName`].

mod clock;
mod name;
mod offset;
mod storage;
mod time;

pub use clock::{Clock, SystemClock};
pub use name::{NameError, TopicName, TopicPartition};
pub use offset::{Offset, PartitionId};
pub use storage::{Storage, StorageFile};
pub use time::{Timestamp, Watermark};

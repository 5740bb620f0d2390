//! Kafka's record batches, format v2: reading the header, decoding records, encoding new ones.
//!
//! * [`BatchHeader`] is the fixed 61 bytes and costs nothing to read; records are decoded only by who needs them.
//! * A length or count from outside is never believed: decoding takes no more memory than a stated limit.
//! * Offsets and the leader epoch lie outside the checksum, so the log may set them in place.

mod builder;
mod compression;
mod decode;
mod header;
mod varint;

pub use builder::{BatchBuilder, NewRecord, Producer};
pub use compression::Compression;
pub use decode::{DECODED_BYTES_MAX, Header, Record, Records, decode, decode_bounded, split};
pub use header::{BatchHeader, HEADER_BYTES};

pub(crate) use header::{add_sequence, patch_log_append_time, patch_place};

/// What is wrong with a batch's bytes.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The bytes end before the batch does.
    #[error("the batch needs {needed} bytes; {found} are there")]
    Short {
        /// Bytes that the header promises (or the header's own size).
        needed: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The length field is smaller than a header.
    #[error("the batch states a length of {length}")]
    Length {
        /// The field's value.
        length: i32,
    },
    /// A format other than v2.
    #[error("the batch has format {magic}")]
    Magic {
        /// The format's number.
        magic: i8,
    },
    /// The checksum does not fit the bytes.
    #[error("checksum {found:#010x}, stated is {stated:#010x}")]
    Checksum {
        /// What the header says.
        stated: u32,
        /// What the bytes give.
        found: u32,
    },
    /// The count of records, the last offset and the records do not agree.
    #[error("the batch states {stated} records and last offset delta {last_delta}; found {found}")]
    Count {
        /// The header's count.
        stated: i32,
        /// The header's last offset delta.
        last_delta: i32,
        /// Records that could be read.
        found: u64,
    },
    /// Base offset is negative.
    #[error("the batch states offset {offset}")]
    Offset {
        /// The field's value.
        offset: i64,
    },
    /// No such codec.
    #[error("compression {code} is unknown")]
    UnknownCompression {
        /// The attribute's three bits.
        code: u8,
    },
    /// The compressed bytes are damaged.
    #[error("cannot decompress {compression:?}")]
    Decompress {
        /// The codec.
        compression: Compression,
        /// What it said.
        source: std::io::Error,
    },
    /// The records would take more memory than allowed.
    #[error("the records decompress to more than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// A record's own lengths are wrong.
    #[error("record {index} of the batch is malformed")]
    Record {
        /// The record's place in its batch.
        index: u32,
    },
}

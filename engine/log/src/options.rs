//! What can be set for one log, with Kafka's defaults.
//!
//! * Absent limits are `None`; the −1 of Kafka's settings never comes in here.

/// Settings of one log. The default is Kafka's for a new topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogOptions {
    /// A segment is closed before it would grow past this many bytes (`segment.bytes`).
    pub segment_bytes_max: u64,
    /// A segment is closed when its first batch is this much older than the one that comes in (`segment.ms`).
    pub segment_ms_max: u64,
    /// Bytes of log between two entries of the sparse index (`index.interval.bytes`).
    pub index_interval_bytes: u32,
    /// Largest batch that is taken, headers included (`max.message.bytes`).
    pub message_bytes_max: u32,
    /// When old segments may go (`retention.ms`, `retention.bytes`).
    pub retention: Retention,
    /// What makes room in this log (`cleanup.policy`).
    pub cleanup: Cleanup,
    /// How long compaction keeps a tombstone so that readers can see it (`delete.retention.ms`).
    pub tombstone_ms: u64,
    /// Whose time records carry (`message.timestamp.type`).
    pub timestamps: TimestampType,
    /// Newest bytes that are kept in memory, so that readers at the end never touch the disk.
    pub tail_cache_bytes_max: usize,
    /// Producers whose sequence numbers are remembered; past it the longest silent are forgotten.
    pub producers_max: usize,
    /// A producer silent for so long is forgotten (`producer.id.expiration.ms`).
    pub producer_expiry_ms: u64,
    /// Bytes of distinct keys that one compaction may hold in memory (`log.cleaner.dedupe.buffer.size`).
    pub compaction_key_bytes_max: usize,
}

/// How much is kept before the oldest segments are deleted. `None` is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Age of a segment's newest record, in milliseconds.
    pub ms: Option<u64>,
    /// Size of the whole log.
    pub bytes: Option<u64>,
}

/// What makes room in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleanup {
    /// Old segments are deleted.
    Delete,
    /// Only the last record of each key is kept.
    Compact,
    /// Both.
    CompactDelete,
}

impl Cleanup {
    /// Whether keys are compacted, so that every record needs one.
    pub const fn compacts(self) -> bool {
        matches!(self, Self::Compact | Self::CompactDelete)
    }

    /// Whether retention deletes segments.
    pub const fn deletes(self) -> bool {
        matches!(self, Self::Delete | Self::CompactDelete)
    }
}

/// Whose time the records of a log carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's.
    CreateTime,
    /// The moment of the append.
    LogAppendTime,
}

const MIB: u64 = 1024 * 1024;
const HOUR_MS: u64 = 60 * 60 * 1000;

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            segment_bytes_max: 1024 * MIB,
            segment_ms_max: 7 * 24 * HOUR_MS,
            index_interval_bytes: 4096,
            message_bytes_max: 1024 * 1024 + 12,
            retention: Retention { ms: Some(7 * 24 * HOUR_MS), bytes: None },
            cleanup: Cleanup::Delete,
            tombstone_ms: 24 * HOUR_MS,
            timestamps: TimestampType::CreateTime,
            tail_cache_bytes_max: MIB as usize,
            producers_max: 100_000,
            producer_expiry_ms: 24 * HOUR_MS,
            compaction_key_bytes_max: 128 * MIB as usize,
        }
    }
}

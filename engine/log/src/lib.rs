//! One partition's durable log: segments, index, recovery, retention, compaction.

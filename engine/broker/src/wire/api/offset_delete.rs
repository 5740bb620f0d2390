//! `OffsetDelete`: single committed offsets of a group.

use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

api! {
    /// Deletes committed offsets.
    OffsetDelete = 47, 0..=0, flexible i16::MAX, OffsetDeleteRequest => OffsetDeleteResponse
}

message! {
    /// Which offsets.
    struct OffsetDeleteRequest {
        group_id: Str, 0..;
        topics: Vec<OffsetDeleteRequestTopic>, 0..;
    }

    /// Offsets of one topic.
    struct OffsetDeleteRequestTopic {
        name: Str, 0..;
        partitions: Vec<OffsetDeleteRequestPartition>, 0..;
    }

    /// Offset of one partition.
    struct OffsetDeleteRequestPartition {
        partition_index: i32, 0..;
    }

    /// What was deleted.
    struct OffsetDeleteResponse {
        error_code: ErrorCode, 0..;
        throttle_time_ms: i32, 0..;
        topics: Vec<OffsetDeleteResponseTopic>, 0..;
    }

    /// Results of one topic.
    struct OffsetDeleteResponseTopic {
        name: Str, 0..;
        partitions: Vec<OffsetDeleteResponsePartition>, 0..;
    }

    /// Result of one partition.
    struct OffsetDeleteResponsePartition {
        partition_index: i32, 0..;
        error_code: ErrorCode, 0..;
    }
}

//! `OffsetCommit`: a group's place in its topics.

use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

api! {
    /// Stores committed offsets.
    OffsetCommit = 8, 2..=9, flexible 8, OffsetCommitRequest => OffsetCommitResponse
}

message! {
    /// Offsets of one group.
    struct OffsetCommitRequest {
        group_id: Str, 0..;
        generation_id: i32, 1.., default -1;
        member_id: Str, 1..;
        group_instance_id: Option<Str>, 7..;
        retention_time_ms: i64, 2..=4, default -1;
        topics: Vec<OffsetCommitRequestTopic>, 0..;
    }

    /// Offsets of one topic.
    struct OffsetCommitRequestTopic {
        name: Str, 0..;
        partitions: Vec<OffsetCommitRequestPartition>, 0..;
    }

    /// Offset of one partition: the next record to read.
    struct OffsetCommitRequestPartition {
        partition_index: i32, 0..;
        committed_offset: i64, 0..;
        committed_leader_epoch: i32, 6.., default -1;
        committed_metadata: Option<Str>, 0..;
    }

    /// What was stored.
    struct OffsetCommitResponse {
        throttle_time_ms: i32, 3..;
        topics: Vec<OffsetCommitResponseTopic>, 0..;
    }

    /// Results of one topic.
    struct OffsetCommitResponseTopic {
        name: Str, 0..;
        partitions: Vec<OffsetCommitResponsePartition>, 0..;
    }

    /// Result of one partition.
    struct OffsetCommitResponsePartition {
        partition_index: i32, 0..;
        error_code: ErrorCode, 0..;
    }
}

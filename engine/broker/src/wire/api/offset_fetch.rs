//! `OffsetFetch`: what groups have committed.

use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

api! {
    /// Reads committed offsets; several groups at once from version 8 on.
    OffsetFetch = 9, 1..=9, flexible 6, OffsetFetchRequest => OffsetFetchResponse
}

message! {
    /// Which offsets; null topics mean all that the group has committed.
    struct OffsetFetchRequest {
        group_id: Str, 0..=7;
        topics: Option<Vec<OffsetFetchRequestTopic>>, 0..=7, null 2..;
        groups: Vec<OffsetFetchRequestGroup>, 8..;
        require_stable: bool, 7..;
    }

    /// Partitions of one topic.
    struct OffsetFetchRequestTopic {
        name: Str, 0..;
        partition_indexes: Vec<i32>, 0..;
    }

    /// Offsets of one group.
    struct OffsetFetchRequestGroup {
        group_id: Str, 8..;
        member_id: Option<Str>, 9..;
        member_epoch: i32, 9.., default -1;
        topics: Option<Vec<OffsetFetchRequestTopic>>, 8..;
    }

    /// The offsets.
    struct OffsetFetchResponse {
        throttle_time_ms: i32, 3..;
        topics: Vec<OffsetFetchResponseTopic>, 0..=7;
        error_code: ErrorCode, 2..=7;
        groups: Vec<OffsetFetchResponseGroup>, 8..;
    }

    /// Offsets of one topic.
    struct OffsetFetchResponseTopic {
        name: Str, 0..;
        partitions: Vec<OffsetFetchResponsePartition>, 0..;
    }

    /// Offset of one partition; −1 when nothing is committed.
    struct OffsetFetchResponsePartition {
        partition_index: i32, 0..;
        committed_offset: i64, 0..;
        committed_leader_epoch: i32, 5.., default -1;
        metadata: Option<Str>, 0..;
        error_code: ErrorCode, 0..;
    }

    /// Offsets of one group.
    struct OffsetFetchResponseGroup {
        group_id: Str, 8..;
        topics: Vec<OffsetFetchResponseTopic>, 8..;
        error_code: ErrorCode, 8..;
    }
}

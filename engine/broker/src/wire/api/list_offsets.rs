//! `ListOffsets`: the offset at a time, and at the ends of a log.

use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

api! {
    /// Finds offsets by time. A time of −1 means latest, −2 earliest, −3 the record with the largest time.
    ListOffsets = 2, 1..=10, flexible 6, ListOffsetsRequest => ListOffsetsResponse
}

message! {
    /// Which partitions to search.
    struct ListOffsetsRequest {
        replica_id: i32, 0.., default -1;
        isolation_level: i8, 2..;
        topics: Vec<ListOffsetsTopic>, 0..;
        timeout_ms: i32, 10..;
    }

    /// Partitions of one topic.
    struct ListOffsetsTopic {
        name: Str, 0..;
        partitions: Vec<ListOffsetsPartition>, 0..;
    }

    /// A time to search for in one partition.
    struct ListOffsetsPartition {
        partition_index: i32, 0..;
        current_leader_epoch: i32, 4.., default -1;
        timestamp: i64, 0..;
    }

    /// What was found.
    struct ListOffsetsResponse {
        throttle_time_ms: i32, 2..;
        topics: Vec<ListOffsetsTopicResponse>, 0..;
    }

    /// Results of one topic.
    struct ListOffsetsTopicResponse {
        name: Str, 0..;
        partitions: Vec<ListOffsetsPartitionResponse>, 0..;
    }

    /// Result of one partition.
    struct ListOffsetsPartitionResponse {
        partition_index: i32, 0..;
        error_code: ErrorCode, 0..;
        timestamp: i64, 1.., default -1;
        offset: i64, 1.., default -1;
        leader_epoch: i32, 4.., default -1;
    }
}

//! `OffsetForLeaderEpoch`: where an epoch ended; here there is only epoch 0.

use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

api! {
    /// Finds the end of a leader's epoch.
    OffsetForLeaderEpoch = 23, 2..=4, flexible 4, OffsetForLeaderEpochRequest => OffsetForLeaderEpochResponse
}

message! {
    /// Which partitions.
    struct OffsetForLeaderEpochRequest {
        replica_id: i32, 3.., default -2;
        topics: Vec<OffsetForLeaderTopic>, 0..;
    }

    /// Partitions of one topic.
    struct OffsetForLeaderTopic {
        topic: Str, 0..;
        partitions: Vec<OffsetForLeaderPartition>, 0..;
    }

    /// One partition and epoch.
    struct OffsetForLeaderPartition {
        partition: i32, 0..;
        current_leader_epoch: i32, 2.., default -1;
        leader_epoch: i32, 0..;
    }

    /// The ends.
    struct OffsetForLeaderEpochResponse {
        throttle_time_ms: i32, 2..;
        topics: Vec<OffsetForLeaderTopicResult>, 0..;
    }

    /// Results of one topic.
    struct OffsetForLeaderTopicResult {
        topic: Str, 0..;
        partitions: Vec<EpochEndOffset>, 0..;
    }

    /// Result of one partition.
    struct EpochEndOffset {
        error_code: ErrorCode, 0..;
        partition: i32, 0..;
        leader_epoch: i32, 1.., default -1;
        end_offset: i64, 0.., default -1;
    }
}

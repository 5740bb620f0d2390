//! `CreatePartitions`: more partitions for a topic.

use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

api! {
    /// Adds partitions.
    CreatePartitions = 37, 0..=3, flexible 2, CreatePartitionsRequest => CreatePartitionsResponse
}

message! {
    /// Which topics.
    struct CreatePartitionsRequest {
        topics: Vec<CreatePartitionsTopic>, 0..;
        timeout_ms: i32, 0..;
        validate_only: bool, 0..;
    }

    /// One topic with its new number of partitions.
    struct CreatePartitionsTopic {
        name: Str, 0..;
        count: i32, 0..;
        assignments: Option<Vec<CreatePartitionsAssignment>>, 0..;
    }

    /// Brokers of one new partition.
    struct CreatePartitionsAssignment {
        broker_ids: Vec<i32>, 0..;
    }

    /// What was added.
    struct CreatePartitionsResponse {
        throttle_time_ms: i32, 0..;
        results: Vec<CreatePartitionsTopicResult>, 0..;
    }

    /// Result for one topic.
    struct CreatePartitionsTopicResult {
        name: Str, 0..;
        error_code: ErrorCode, 0..;
        error_message: Option<Str>, 0..;
    }
}

//! `Fetch`: record batches out of partitions, waiting for them if asked to.

use bytes::Bytes;
use uuid::Uuid;

use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

api! {
    /// Reads record batches. From version 13 on a topic is known by its id.
    Fetch = 1, 4..=17, flexible 12, FetchRequest => FetchResponse
}

message! {
    /// What to read, and how long to wait for it.
    struct FetchRequest {
        replica_id: i32, 0..=14, default -1;
        max_wait_ms: i32, 0..;
        min_bytes: i32, 0..;
        max_bytes: i32, 3.., default i32::MAX;
        isolation_level: i8, 4..;
        session_id: i32, 7..;
        session_epoch: i32, 7.., default -1;
        topics: Vec<FetchTopic>, 0..;
        forgotten_topics_data: Vec<ForgottenTopic>, 7..;
        rack_id: Str, 11..;
    }

    /// Partitions of one topic to read.
    struct FetchTopic {
        topic: Str, 0..=12;
        topic_id: Uuid, 13..;
        partitions: Vec<FetchPartition>, 0..;
    }

    /// Where to read in one partition.
    struct FetchPartition {
        partition: i32, 0..;
        current_leader_epoch: i32, 9.., default -1;
        fetch_offset: i64, 0..;
        last_fetched_epoch: i32, 12.., default -1;
        log_start_offset: i64, 5.., default -1;
        partition_max_bytes: i32, 0..;
    }

    /// Partitions to drop from a fetch session; this broker keeps none.
    struct ForgottenTopic {
        topic: Str, 7..=12;
        topic_id: Uuid, 13..;
        partitions: Vec<i32>, 7..;
    }

    /// The batches.
    struct FetchResponse {
        throttle_time_ms: i32, 1..;
        error_code: ErrorCode, 7..;
        session_id: i32, 7..;
        responses: Vec<FetchableTopicResponse>, 0..;
    }

    /// Batches of one topic.
    struct FetchableTopicResponse {
        topic: Str, 0..=12;
        topic_id: Uuid, 13..;
        partitions: Vec<PartitionData>, 0..;
    }

    /// Batches of one partition.
    struct PartitionData {
        partition_index: i32, 0..;
        error_code: ErrorCode, 0..;
        high_watermark: i64, 0..;
        last_stable_offset: i64, 4.., default -1;
        log_start_offset: i64, 5.., default -1;
        aborted_transactions: Option<Vec<AbortedTransaction>>, 4..;
        preferred_read_replica: i32, 11.., default -1;
        records: Option<Bytes>, 0..;
    }

    /// A transaction whose records a reader skips.
    struct AbortedTransaction {
        producer_id: i64, 4..;
        first_offset: i64, 4..;
    }
}

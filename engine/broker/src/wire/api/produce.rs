//! `Produce`: record batches into partitions.

use bytes::Bytes;

use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

api! {
    /// Appends record batches; with `acks` 0 there is no response at all.
    Produce = 0, 0..=12, flexible 9, ProduceRequest => ProduceResponse
}

message! {
    /// What to append.
    struct ProduceRequest {
        transactional_id: Option<Str>, 3..;
        acks: i16, 0..;
        timeout_ms: i32, 0..;
        topic_data: Vec<TopicProduceData>, 0..;
    }

    /// Batches of one topic.
    struct TopicProduceData {
        name: Str, 0..;
        partition_data: Vec<PartitionProduceData>, 0..;
    }

    /// Batches of one partition.
    struct PartitionProduceData {
        index: i32, 0..;
        records: Option<Bytes>, 0..;
    }

    /// Where the batches went.
    struct ProduceResponse {
        responses: Vec<TopicProduceResponse>, 0..;
        throttle_time_ms: i32, 1..;
    }

    /// Results of one topic.
    struct TopicProduceResponse {
        name: Str, 0..;
        partition_responses: Vec<PartitionProduceResponse>, 0..;
    }

    /// Result of one partition.
    struct PartitionProduceResponse {
        index: i32, 0..;
        error_code: ErrorCode, 0..;
        base_offset: i64, 0..;
        log_append_time_ms: i64, 2.., default -1;
        log_start_offset: i64, 5.., default -1;
        record_errors: Vec<BatchIndexAndErrorMessage>, 8..;
        error_message: Option<Str>, 8..;
    }

    /// A record that made its batch invalid.
    struct BatchIndexAndErrorMessage {
        batch_index: i32, 8..;
        batch_index_error_message: Option<Str>, 8..;
    }
}

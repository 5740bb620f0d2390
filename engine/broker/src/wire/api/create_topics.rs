//! `CreateTopics`: topics with partitions and settings.

use uuid::Uuid;

use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

api! {
    /// Creates topics.
    CreateTopics = 19, 2..=7, flexible 5, CreateTopicsRequest => CreateTopicsResponse
}

message! {
    /// Which topics; `validate_only` creates nothing.
    struct CreateTopicsRequest {
        topics: Vec<CreatableTopic>, 0..;
        timeout_ms: i32, 0..;
        validate_only: bool, 1..;
    }

    /// One topic; −1 stands for the default number of partitions or replicas.
    struct CreatableTopic {
        name: Str, 0..;
        num_partitions: i32, 0..;
        replication_factor: i16, 0..;
        assignments: Vec<CreatableReplicaAssignment>, 0..;
        configs: Vec<CreatableTopicConfig>, 0..;
    }

    /// Brokers of one partition.
    struct CreatableReplicaAssignment {
        partition_index: i32, 0..;
        broker_ids: Vec<i32>, 0..;
    }

    /// One setting.
    struct CreatableTopicConfig {
        name: Str, 0..;
        value: Option<Str>, 0..;
    }

    /// What was created.
    struct CreateTopicsResponse {
        throttle_time_ms: i32, 2..;
        topics: Vec<CreatableTopicResult>, 0..;
    }

    /// Result for one topic.
    struct CreatableTopicResult {
        name: Str, 0..;
        topic_id: Uuid, 7..;
        error_code: ErrorCode, 0..;
        error_message: Option<Str>, 1..;
        num_partitions: i32, 5.., default -1;
        replication_factor: i16, 5.., default -1;
        configs: Option<Vec<CreatableTopicConfigs>>, 5..;
    }

    /// One setting as it is now.
    struct CreatableTopicConfigs {
        name: Str, 5..;
        value: Option<Str>, 5..;
        read_only: bool, 5..;
        config_source: i8, 5.., default -1;
        is_sensitive: bool, 5..;
    }
}

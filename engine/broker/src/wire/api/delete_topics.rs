//! `DeleteTopics`: topics with all their records.

use uuid::Uuid;

use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

api! {
    /// Deletes topics; by id too from version 6 on.
    DeleteTopics = 20, 1..=6, flexible 4, DeleteTopicsRequest => DeleteTopicsResponse
}

message! {
    /// Which topics.
    struct DeleteTopicsRequest {
        topics: Vec<DeleteTopicState>, 6..;
        topic_names: Vec<Str>, 0..=5;
        timeout_ms: i32, 0..;
    }

    /// One topic, by its name or by its id.
    struct DeleteTopicState {
        name: Option<Str>, 6..;
        topic_id: Uuid, 6..;
    }

    /// What was deleted.
    struct DeleteTopicsResponse {
        throttle_time_ms: i32, 1..;
        responses: Vec<DeletableTopicResult>, 0..;
    }

    /// Result for one topic.
    struct DeletableTopicResult {
        name: Option<Str>, 0.., null 6..;
        topic_id: Uuid, 6..;
        error_code: ErrorCode, 0..;
        error_message: Option<Str>, 5..;
    }
}

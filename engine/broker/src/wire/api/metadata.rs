//! `Metadata`: the broker's address and which topics there are.

use uuid::Uuid;

use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

/// What stands for "not asked for" where operations that are allowed would be listed.
pub(crate) const NO_OPERATIONS: i32 = i32::MIN;

api! {
    /// Describes topics, and creates those that are missing when asked to.
    Metadata = 3, 0..=13, flexible 9, MetadataRequest => MetadataResponse
}

message! {
    /// Which topics; null means all, and in version 0 an empty list does.
    struct MetadataRequest {
        topics: Option<Vec<MetadataRequestTopic>>, 0.., null 1..;
        allow_auto_topic_creation: bool, 4.., default true;
        include_cluster_authorized_operations: bool, 8..=10;
        include_topic_authorized_operations: bool, 8..;
    }

    /// One topic, by its id or by its name.
    struct MetadataRequestTopic {
        topic_id: Uuid, 10..;
        name: Option<Str>, 0.., null 10..;
    }

    /// Brokers and topics.
    struct MetadataResponse {
        throttle_time_ms: i32, 3..;
        brokers: Vec<MetadataResponseBroker>, 0..;
        cluster_id: Option<Str>, 2..;
        controller_id: i32, 1.., default -1;
        topics: Vec<MetadataResponseTopic>, 0..;
        cluster_authorized_operations: i32, 8..=10, default NO_OPERATIONS;
        error_code: ErrorCode, 13..;
    }

    /// Address of a broker.
    struct MetadataResponseBroker {
        node_id: i32, 0..;
        host: Str, 0..;
        port: i32, 0..;
        rack: Option<Str>, 1..;
    }

    /// One topic.
    struct MetadataResponseTopic {
        error_code: ErrorCode, 0..;
        name: Option<Str>, 0.., null 12..;
        topic_id: Uuid, 10..;
        is_internal: bool, 1..;
        partitions: Vec<MetadataResponsePartition>, 0..;
        topic_authorized_operations: i32, 8.., default NO_OPERATIONS;
    }

    /// One partition.
    struct MetadataResponsePartition {
        error_code: ErrorCode, 0..;
        partition_index: i32, 0..;
        leader_id: i32, 0..;
        leader_epoch: i32, 7.., default -1;
        replica_nodes: Vec<i32>, 0..;
        isr_nodes: Vec<i32>, 0..;
        offline_replicas: Vec<i32>, 5..;
    }
}

//! `DescribeCluster`: the brokers; here one.

use super::metadata::NO_OPERATIONS;
use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

api! {
    /// Describes the cluster.
    DescribeCluster = 60, 0..=1, flexible 0, DescribeClusterRequest => DescribeClusterResponse
}

message! {
    /// What to include.
    struct DescribeClusterRequest {
        include_cluster_authorized_operations: bool, 0..;
        endpoint_type: i8, 1.., default 1;
    }

    /// The cluster.
    struct DescribeClusterResponse {
        throttle_time_ms: i32, 0..;
        error_code: ErrorCode, 0..;
        error_message: Option<Str>, 0..;
        endpoint_type: i8, 1.., default 1;
        cluster_id: Str, 0..;
        controller_id: i32, 0.., default -1;
        brokers: Vec<DescribeClusterBroker>, 0..;
        cluster_authorized_operations: i32, 0.., default NO_OPERATIONS;
    }

    /// Address of a broker.
    struct DescribeClusterBroker {
        broker_id: i32, 0..;
        host: Str, 0..;
        port: i32, 0..;
        rack: Option<Str>, 0..;
    }
}

//! `DescribeGroups`: state and members of groups.

use bytes::Bytes;

use super::metadata::NO_OPERATIONS;
use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

api! {
    /// Describes groups.
    DescribeGroups = 15, 0..=6, flexible 5, DescribeGroupsRequest => DescribeGroupsResponse
}

message! {
    /// Which groups.
    struct DescribeGroupsRequest {
        groups: Vec<Str>, 0..;
        include_authorized_operations: bool, 3..;
    }

    /// The groups.
    struct DescribeGroupsResponse {
        throttle_time_ms: i32, 1..;
        groups: Vec<DescribedGroup>, 0..;
    }

    /// One group.
    struct DescribedGroup {
        error_code: ErrorCode, 0..;
        error_message: Option<Str>, 6..;
        group_id: Str, 0..;
        group_state: Str, 0..;
        protocol_type: Str, 0..;
        protocol_data: Str, 0..;
        members: Vec<DescribedGroupMember>, 0..;
        authorized_operations: i32, 3.., default NO_OPERATIONS;
    }

    /// One member.
    struct DescribedGroupMember {
        member_id: Str, 0..;
        group_instance_id: Option<Str>, 4..;
        client_id: Str, 0..;
        client_host: Str, 0..;
        member_metadata: Bytes, 0..;
        member_assignment: Bytes, 0..;
    }
}

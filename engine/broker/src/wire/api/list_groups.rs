//! `ListGroups`: which groups there are.

use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

api! {
    /// Lists groups.
    ListGroups = 16, 0..=5, flexible 3, ListGroupsRequest => ListGroupsResponse
}

message! {
    /// Which states and types; empty means all.
    struct ListGroupsRequest {
        states_filter: Vec<Str>, 4..;
        types_filter: Vec<Str>, 5..;
    }

    /// The groups.
    struct ListGroupsResponse {
        throttle_time_ms: i32, 1..;
        error_code: ErrorCode, 0..;
        groups: Vec<ListedGroup>, 0..;
    }

    /// One group.
    struct ListedGroup {
        group_id: Str, 0..;
        protocol_type: Str, 0..;
        group_state: Str, 4..;
        group_type: Str, 5..;
    }
}

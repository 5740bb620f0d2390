//! `DeleteGroups`: groups without members, with their offsets.

use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

api! {
    /// Deletes groups.
    DeleteGroups = 42, 0..=2, flexible 2, DeleteGroupsRequest => DeleteGroupsResponse
}

message! {
    /// Which groups.
    struct DeleteGroupsRequest {
        groups_names: Vec<Str>, 0..;
    }

    /// What was deleted.
    struct DeleteGroupsResponse {
        throttle_time_ms: i32, 0..;
        results: Vec<DeletableGroupResult>, 0..;
    }

    /// Result for one group.
    struct DeletableGroupResult {
        group_id: Str, 0..;
        error_code: ErrorCode, 0..;
    }
}

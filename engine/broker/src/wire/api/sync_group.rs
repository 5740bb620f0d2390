//! `SyncGroup`: the leader's assignment reaches every member.

use bytes::Bytes;

use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

api! {
    /// Hands out a generation's assignments; all but the leader wait here for them.
    SyncGroup = 14, 0..=5, flexible 4, SyncGroupRequest => SyncGroupResponse
}

message! {
    /// Who asks; only the leader brings assignments.
    struct SyncGroupRequest {
        group_id: Str, 0..;
        generation_id: i32, 0..;
        member_id: Str, 0..;
        group_instance_id: Option<Str>, 3..;
        protocol_type: Option<Str>, 5..;
        protocol_name: Option<Str>, 5..;
        assignments: Vec<SyncGroupRequestAssignment>, 0..;
    }

    /// What one member is given.
    struct SyncGroupRequestAssignment {
        member_id: Str, 0..;
        assignment: Bytes, 0..;
    }

    /// The member's own assignment.
    struct SyncGroupResponse {
        throttle_time_ms: i32, 1..;
        error_code: ErrorCode, 0..;
        protocol_type: Option<Str>, 5..;
        protocol_name: Option<Str>, 5..;
        assignment: Bytes, 0..;
    }
}

//! `LeaveGroup`: members go, and their partitions are free at once.

use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

api! {
    /// Leaves a group; several members at once from version 3 on.
    LeaveGroup = 13, 0..=5, flexible 4, LeaveGroupRequest => LeaveGroupResponse
}

message! {
    /// Who leaves.
    struct LeaveGroupRequest {
        group_id: Str, 0..;
        member_id: Str, 0..=2;
        members: Vec<MemberIdentity>, 3..;
    }

    /// A member, by its id or by its instance id.
    struct MemberIdentity {
        member_id: Str, 3..;
        group_instance_id: Option<Str>, 3..;
        reason: Option<Str>, 5..;
    }

    /// Who has left.
    struct LeaveGroupResponse {
        throttle_time_ms: i32, 1..;
        error_code: ErrorCode, 0..;
        members: Vec<MemberResponse>, 3..;
    }

    /// Result for one member.
    struct MemberResponse {
        member_id: Str, 3..;
        group_instance_id: Option<Str>, 3..;
        error_code: ErrorCode, 3..;
    }
}

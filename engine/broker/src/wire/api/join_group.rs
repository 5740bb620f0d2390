//! `JoinGroup`: a member enters a group and waits for the next generation.

use bytes::Bytes;

use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

api! {
    /// Joins a group. From version 4 on a new member is told its id first and asks again.
    JoinGroup = 11, 0..=9, flexible 6, JoinGroupRequest => JoinGroupResponse
}

message! {
    /// Who wants to join, and which protocols it speaks.
    struct JoinGroupRequest {
        group_id: Str, 0..;
        session_timeout_ms: i32, 0..;
        rebalance_timeout_ms: i32, 1.., default -1;
        member_id: Str, 0..;
        group_instance_id: Option<Str>, 5..;
        protocol_type: Str, 0..;
        protocols: Vec<JoinGroupRequestProtocol>, 0..;
        reason: Option<Str>, 8..;
    }

    /// A protocol with what the member says in it.
    struct JoinGroupRequestProtocol {
        name: Str, 0..;
        metadata: Bytes, 0..;
    }

    /// The generation; only the leader gets the members.
    struct JoinGroupResponse {
        throttle_time_ms: i32, 2..;
        error_code: ErrorCode, 0..;
        generation_id: i32, 0.., default -1;
        protocol_type: Option<Str>, 7..;
        protocol_name: Option<Str>, 0.., null 7..;
        leader: Str, 0..;
        skip_assignment: bool, 9..;
        member_id: Str, 0..;
        members: Vec<JoinGroupResponseMember>, 0..;
    }

    /// One member, for the leader.
    struct JoinGroupResponseMember {
        member_id: Str, 0..;
        group_instance_id: Option<Str>, 5..;
        metadata: Bytes, 0..;
    }
}

//! `Heartbeat`: a member is alive, and learns of a rebalance.

use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

api! {
    /// Keeps a member in its group.
    Heartbeat = 12, 0..=4, flexible 4, HeartbeatRequest => HeartbeatResponse
}

message! {
    /// Who is alive.
    struct HeartbeatRequest {
        group_id: Str, 0..;
        generation_id: i32, 0..;
        member_id: Str, 0..;
        group_instance_id: Option<Str>, 3..;
    }

    /// Whether all is well.
    struct HeartbeatResponse {
        throttle_time_ms: i32, 1..;
        error_code: ErrorCode, 0..;
    }
}

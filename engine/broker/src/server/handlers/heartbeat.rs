//! Keeps members in their group.

use crate::{
    group::MemberId,
    server::route::{Context, Handle},
    wire::{
        ErrorCode, Str,
        api::heartbeat::{Heartbeat, HeartbeatRequest, HeartbeatResponse},
    },
};

impl Handle for Heartbeat {
    async fn answer(ctx: &Context<'_>, request: HeartbeatRequest) -> HeartbeatResponse {
        let id = MemberId::new(request.member_id.as_str());
        let instance = request.group_instance_id.as_ref().and_then(Str::to_owned_some);
        let groups = &ctx.broker().0.groups;
        let result = groups.with(request.group_id.as_str(), |group, now| {
            group.heartbeat(&id, instance.as_deref(), request.generation_id, now)
        });
        let error_code = result.unwrap_or(ErrorCode::UNKNOWN_MEMBER_ID);
        HeartbeatResponse { error_code, throttle_time_ms: 0 }
    }
}

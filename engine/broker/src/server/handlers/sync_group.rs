//! Hands out a generation's assignments.

use crate::{
    group::{MemberId, Sync, Synced},
    server::route::{Context, Handle},
    wire::{
        ErrorCode, Str,
        api::sync_group::{SyncGroup, SyncGroupRequest, SyncGroupResponse},
    },
};

impl Handle for SyncGroup {
    async fn answer(ctx: &Context<'_>, request: SyncGroupRequest) -> SyncGroupResponse {
        match sync(ctx, request).await {
            Err(error_code) => SyncGroupResponse { error_code, ..SyncGroupResponse::default() },
            Ok(synced) => SyncGroupResponse {
                protocol_type: synced.protocol_type.map(Into::into),
                protocol_name: synced.protocol.map(Into::into),
                assignment: synced.assignment,
                ..SyncGroupResponse::default()
            },
        }
    }
}

async fn sync(ctx: &Context<'_>, request: SyncGroupRequest) -> Result<Synced, ErrorCode> {
    let given = request.assignments.iter();
    let sync = Sync {
        id: MemberId::new(request.member_id.as_str()),
        instance: request.group_instance_id.as_ref().and_then(Str::to_owned_some),
        generation: request.generation_id,
        protocol_type: request.protocol_type.map(|t| t.to_string()),
        protocol: request.protocol_name.map(|p| p.to_string()),
        assignments: given
            .map(|a| (MemberId::new(a.member_id.as_str()), a.assignment.clone()))
            .collect(),
    };
    let groups = &ctx.broker().0.groups;
    let answer = groups.with(request.group_id.as_str(), |group, now| group.sync(sync, now));
    let answer = answer.ok_or(ErrorCode::UNKNOWN_MEMBER_ID)??;
    answer.await.unwrap_or(Err(ErrorCode::COORDINATOR_NOT_AVAILABLE))
}

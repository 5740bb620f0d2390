//! Lets members go.

use crate::{
    group::MemberId,
    server::route::{Context, Handle},
    wire::{
        ErrorCode, Str,
        api::leave_group::{
            LeaveGroup, LeaveGroupRequest, LeaveGroupResponse, MemberIdentity, MemberResponse,
        },
    },
};

/// First version in which several members leave at once.
const MANY_FROM: i16 = 3;

impl Handle for LeaveGroup {
    async fn answer(ctx: &Context<'_>, request: LeaveGroupRequest) -> LeaveGroupResponse {
        let group = request.group_id.to_string();
        if ctx.version < MANY_FROM {
            let one = MemberIdentity { member_id: request.member_id, ..Default::default() };
            let error_code = leave(ctx, &group, one).error_code;
            return LeaveGroupResponse { error_code, ..LeaveGroupResponse::default() };
        }
        let members = request.members.into_iter().map(|member| leave(ctx, &group, member));
        LeaveGroupResponse { members: members.collect(), ..LeaveGroupResponse::default() }
    }
}

fn leave(ctx: &Context<'_>, group: &str, member: MemberIdentity) -> MemberResponse {
    let id = MemberId::new(member.member_id.as_str());
    let instance = member.group_instance_id.as_ref().and_then(Str::to_owned_some);
    let groups = &ctx.broker().0.groups;
    let left = groups.with(group, |group, now| group.leave(&id, instance.as_deref(), now));
    MemberResponse {
        member_id: member.member_id,
        group_instance_id: member.group_instance_id,
        error_code: left.unwrap_or(ErrorCode::UNKNOWN_MEMBER_ID),
    }
}

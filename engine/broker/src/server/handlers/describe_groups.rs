//! State and members of groups.

use crate::{
    group::{Group, GroupState},
    server::route::{Context, Handle},
    wire::{
        ErrorCode, Str,
        api::describe_groups::{
            DescribeGroups, DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup,
            DescribedGroupMember,
        },
    },
};

/// First version in which a group that is not there is an error; before, it is `Dead`.
const ERROR_FROM: i16 = 6;

impl Handle for DescribeGroups {
    async fn answer(ctx: &Context<'_>, request: DescribeGroupsRequest) -> DescribeGroupsResponse {
        let groups = request.groups.iter().map(|id| describe(ctx, id)).collect();
        DescribeGroupsResponse { groups, throttle_time_ms: 0 }
    }
}

fn describe(ctx: &Context<'_>, id: &Str) -> DescribedGroup {
    let groups = &ctx.broker().0.groups;
    let state = groups.state(id.as_str());
    let mut described = DescribedGroup {
        group_id: id.clone(),
        group_state: state.as_str().into(),
        protocol_type: "consumer".into(),
        ..DescribedGroup::default()
    };
    if state == GroupState::Dead && ctx.version >= ERROR_FROM {
        described.error_code = ErrorCode::GROUP_ID_NOT_FOUND;
        described.error_message = Some(format!("there is no group `{id}`").into());
    }
    groups.with(id.as_str(), |group, _| fill(&mut described, group));
    described
}

fn fill(described: &mut DescribedGroup, group: &Group) {
    described.group_state = group.state.as_str().into();
    if let Some(protocol_type) = &group.protocol_type {
        described.protocol_type = protocol_type.as_str().into();
    }
    described.protocol_data = group.protocol.as_deref().unwrap_or_default().into();
    let members = group.members.iter().map(|(id, member)| DescribedGroupMember {
        member_id: id.as_str().into(),
        group_instance_id: member.instance.as_deref().map(Into::into),
        client_id: member.client_id.as_str().into(),
        client_host: member.client_host.as_str().into(),
        member_metadata: member.metadata(group.protocol.as_deref()),
        member_assignment: member.assignment.clone(),
    });
    described.members = members.collect();
}

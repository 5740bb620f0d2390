//! Which groups there are.

use crate::{
    server::route::{Context, Handle},
    wire::api::list_groups::{ListGroups, ListGroupsRequest, ListGroupsResponse, ListedGroup},
};

/// The only kind of group that is served.
const CLASSIC: &str = "classic";

impl Handle for ListGroups {
    async fn answer(ctx: &Context<'_>, request: ListGroupsRequest) -> ListGroupsResponse {
        let groups = &ctx.broker().0.groups;
        let listed = groups.ids().into_iter().map(|id| {
            let protocol = groups.with(&id, |group, _| group.protocol_type.clone());
            let protocol_type = protocol.flatten().unwrap_or_else(|| "consumer".to_owned());
            ListedGroup {
                group_state: groups.state(&id).as_str().into(),
                group_id: id.into(),
                protocol_type: protocol_type.into(),
                group_type: CLASSIC.into(),
            }
        });
        let wanted = |group: &ListedGroup| {
            let in_state =
                |s: &crate::wire::Str| s.as_str().eq_ignore_ascii_case(group.group_state.as_str());
            let of_type =
                |t: &crate::wire::Str| t.as_str().eq_ignore_ascii_case(group.group_type.as_str());
            (request.states_filter.is_empty() || request.states_filter.iter().any(in_state))
                && (request.types_filter.is_empty() || request.types_filter.iter().any(of_type))
        };
        let groups = listed.filter(wanted).collect();
        ListGroupsResponse { groups, ..ListGroupsResponse::default() }
    }
}

//! Deletes groups without members.

use crate::{
    server::route::{Context, Handle},
    wire::{
        ErrorCode,
        api::delete_groups::{
            DeletableGroupResult, DeleteGroups, DeleteGroupsRequest, DeleteGroupsResponse,
        },
    },
};

impl Handle for DeleteGroups {
    async fn answer(ctx: &Context<'_>, request: DeleteGroupsRequest) -> DeleteGroupsResponse {
        let results = request.groups_names.into_iter().map(|group_id| {
            let deleted = ctx.broker().delete_group(group_id.as_str());
            let error_code = deleted.map_or_else(|e| ErrorCode::from(&e), |()| ErrorCode::NONE);
            DeletableGroupResult { group_id, error_code }
        });
        DeleteGroupsResponse { results: results.collect(), throttle_time_ms: 0 }
    }
}

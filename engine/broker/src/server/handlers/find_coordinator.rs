//! Which broker keeps a group: this one.

use super::NODE_ID;
use crate::{
    server::route::{Context, Handle},
    wire::{
        ErrorCode, Str,
        api::find_coordinator::{
            Coordinator, FindCoordinator, FindCoordinatorRequest, FindCoordinatorResponse,
        },
    },
};

/// The kind of key that names a group.
const GROUP: i8 = 0;
/// First version in which several keys may be asked for.
const MANY_FROM: i16 = 4;

impl Handle for FindCoordinator {
    async fn answer(ctx: &Context<'_>, request: FindCoordinatorRequest) -> FindCoordinatorResponse {
        let find_one = |key: Str| find(ctx, key, request.key_type);
        if ctx.version >= MANY_FROM {
            let coordinators = request.coordinator_keys.into_iter().map(find_one).collect();
            return FindCoordinatorResponse { coordinators, ..Default::default() };
        }
        let found = find_one(request.key);
        FindCoordinatorResponse {
            error_code: found.error_code,
            error_message: found.error_message,
            node_id: found.node_id,
            host: found.host,
            port: found.port,
            ..FindCoordinatorResponse::default()
        }
    }
}

fn find(ctx: &Context<'_>, key: Str, key_type: i8) -> Coordinator {
    if key_type != GROUP {
        let why = "transactions are not served";
        return Coordinator {
            key,
            node_id: -1,
            port: -1,
            error_code: ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
            error_message: Some(why.into()),
            ..Coordinator::default()
        };
    }
    let address = ctx.advertised();
    Coordinator {
        key,
        node_id: NODE_ID,
        host: address.host.clone().into(),
        port: address.port.into(),
        ..Coordinator::default()
    }
}

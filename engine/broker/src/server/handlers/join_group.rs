//! Lets members join a group, and waits with them for the generation.

use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use crate::{
    group::{Join, Joined, MemberId},
    server::route::{Context, Handle},
    wire::{
        ErrorCode, Str,
        api::join_group::{
            JoinGroup, JoinGroupRequest, JoinGroupResponse, JoinGroupResponseMember,
        },
    },
};

/// First version in which a new member is told its id before it joins.
const ANNOUNCE_ID_FROM: i16 = 4;
/// Before this version there is one timeout for session and rebalance.
const TWO_TIMEOUTS_FROM: i16 = 1;

impl Handle for JoinGroup {
    async fn answer(ctx: &Context<'_>, request: JoinGroupRequest) -> JoinGroupResponse {
        let group = request.group_id.to_string();
        let asked_id = request.member_id.clone();
        let join = describe(ctx, &request);
        let new_id = join.new_id.clone();
        match join_group(ctx, &group, join).await {
            Ok(joined) => respond(joined),
            Err(error_code) => {
                let announced = error_code == ErrorCode::MEMBER_ID_REQUIRED;
                let member_id = if announced { new_id.as_str().into() } else { asked_id };
                // Kafka answers with an empty protocol here, and old clients cannot read a null.
                let protocol_name = Some("".into());
                JoinGroupResponse { error_code, protocol_name, member_id, ..Default::default() }
            }
        }
    }
}

async fn join_group(ctx: &Context<'_>, group: &str, join: Join) -> Result<Joined, ErrorCode> {
    let limits = &ctx.broker().0.options.limits;
    if !(limits.session_min..=limits.session_max).contains(&join.session) {
        return Err(ErrorCode::INVALID_SESSION_TIMEOUT);
    }
    let answer = ctx.broker().0.groups.with_new(group, |group, now| group.join(join, now))?;
    // A group that goes away does so because the broker stops.
    answer.await.unwrap_or(Err(ErrorCode::COORDINATOR_NOT_AVAILABLE))
}

fn describe(ctx: &Context<'_>, request: &JoinGroupRequest) -> Join {
    let millis = |ms: i32| Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    let session = millis(request.session_timeout_ms);
    let patience = match ctx.version {
        TWO_TIMEOUTS_FROM.. => millis(request.rebalance_timeout_ms),
        _ => session,
    };
    let name = if ctx.client_id.is_empty() { "member" } else { &ctx.client_id };
    // What is kept in the group is copied, so that it does not keep the frame in memory.
    let copy = |metadata: &Bytes| Bytes::copy_from_slice(metadata);
    Join {
        id: MemberId::new(request.member_id.as_str()),
        new_id: MemberId::new(&format!("{name}-{}", Uuid::new_v4())),
        announce_id: ctx.version >= ANNOUNCE_ID_FROM,
        instance: request.group_instance_id.as_ref().and_then(Str::to_owned_some),
        client_id: ctx.client_id.clone(),
        client_host: format!("/{}", ctx.peer.address.ip().to_canonical()),
        session,
        patience: patience.min(ctx.broker().0.options.limits.session_max),
        protocol_type: request.protocol_type.to_string(),
        protocols: request
            .protocols
            .iter()
            .map(|p| (p.name.to_string(), copy(&p.metadata)))
            .collect(),
    }
}

fn respond(joined: Joined) -> JoinGroupResponse {
    let members = joined.roster.into_iter().map(|(id, instance, metadata)| {
        let group_instance_id = instance.map(Into::into);
        JoinGroupResponseMember { member_id: id.as_str().into(), group_instance_id, metadata }
    });
    JoinGroupResponse {
        generation_id: joined.generation,
        protocol_type: joined.protocol_type.map(Into::into),
        protocol_name: joined.protocol.map(Into::into),
        leader: joined.leader.as_str().into(),
        member_id: joined.id.as_str().into(),
        members: members.collect(),
        ..JoinGroupResponse::default()
    }
}

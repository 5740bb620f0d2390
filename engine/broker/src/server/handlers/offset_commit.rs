//! Stores what groups have committed.

use pancake_types::{Offset, PartitionId, TopicPartition};

use crate::{
    group::MemberId,
    offsets::Committed,
    server::route::{Context, Handle},
    wire::{
        ErrorCode, Str,
        api::offset_commit::{
            OffsetCommit, OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitResponse,
            OffsetCommitResponsePartition, OffsetCommitResponseTopic,
        },
    },
};

impl Handle for OffsetCommit {
    async fn answer(ctx: &Context<'_>, request: OffsetCommitRequest) -> OffsetCommitResponse {
        let refused = check_member(ctx, &request).err();
        let mut to_commit = Vec::new();
        let mut check_topic = |name: &str, partitions: &[OffsetCommitRequestPartition]| {
            let check_one = |asked: &OffsetCommitRequestPartition| {
                let checked = match refused {
                    Some(code) => Err(code),
                    None => check(ctx, name, asked).map(|offset| to_commit.push(offset)),
                };
                result(asked.partition_index, checked.err().unwrap_or_default())
            };
            partitions.iter().map(check_one).collect()
        };
        let topics = request.topics.iter().map(|topic| {
            let partitions = check_topic(topic.name.as_str(), &topic.partitions);
            OffsetCommitResponseTopic { name: topic.name.clone(), partitions }
        });
        let mut response = OffsetCommitResponse { topics: topics.collect(), throttle_time_ms: 0 };
        let stored = ctx.broker().0.offsets.commit(request.group_id.as_str(), to_commit);
        if let Err(error) = stored {
            tracing::error!(%error, "cannot store committed offsets");
            fail(&mut response, ErrorCode::from(&error));
        }
        response
    }
}

fn check_member(ctx: &Context<'_>, request: &OffsetCommitRequest) -> Result<(), ErrorCode> {
    let group = request.group_id.as_str();
    if group.is_empty() {
        return Err(ErrorCode::INVALID_GROUP_ID);
    }
    let id = MemberId::new(request.member_id.as_str());
    let instance = request.group_instance_id.as_ref().and_then(Str::to_owned_some);
    let generation = request.generation_id;
    let checked =
        ctx.broker().0.groups.with(group, |group, now| {
            group.check_commit(&id, instance.as_deref(), generation, now)
        });
    // Nobody is in the group, so only a client that is in none may commit.
    let outside = generation < 0 && id.is_empty();
    checked.unwrap_or(if outside { Ok(()) } else { Err(ErrorCode::UNKNOWN_MEMBER_ID) })
}

fn check(
    ctx: &Context<'_>,
    topic: &str,
    asked: &OffsetCommitRequestPartition,
) -> Result<(TopicPartition, Committed), ErrorCode> {
    let found = super::find(ctx, topic, asked.partition_index);
    let partition = found.ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    let metadata = asked.committed_metadata.as_ref().map(ToString::to_string).unwrap_or_default();
    if metadata.len() > ctx.broker().0.options.limits.offset_metadata_bytes_max {
        return Err(ErrorCode::OFFSET_METADATA_TOO_LARGE);
    }
    let offset = Offset::from_wire(asked.committed_offset).ok_or(ErrorCode::OFFSET_OUT_OF_RANGE)?;
    let leader_epoch = (asked.committed_leader_epoch >= 0).then_some(asked.committed_leader_epoch);
    Ok((partition.name.clone(), Committed { offset, leader_epoch, metadata }))
}

fn result(partition_index: i32, error_code: ErrorCode) -> OffsetCommitResponsePartition {
    OffsetCommitResponsePartition { partition_index, error_code }
}

fn fail(response: &mut OffsetCommitResponse, code: ErrorCode) {
    let partitions = response.topics.iter_mut().flat_map(|t| &mut t.partitions);
    for partition in partitions.filter(|p| p.error_code.is_none()) {
        partition.error_code = code;
    }
}

/// The partition of a committed offset, as other handlers name it.
pub(super) fn at(topic: &str, index: i32) -> Option<TopicPartition> {
    let topic = pancake_types::TopicName::new(topic).ok()?;
    Some(topic.partition(PartitionId::from_wire(index)?))
}

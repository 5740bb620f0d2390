//! Deletes single committed offsets.

use pancake_types::TopicPartition;

use super::offset_commit::at;
use crate::{
    group::GroupState,
    server::route::{Context, Handle},
    wire::{
        ErrorCode,
        api::offset_delete::{
            OffsetDelete, OffsetDeleteRequest, OffsetDeleteResponse, OffsetDeleteResponsePartition,
            OffsetDeleteResponseTopic,
        },
    },
};

impl Handle for OffsetDelete {
    async fn answer(ctx: &Context<'_>, request: OffsetDeleteRequest) -> OffsetDeleteResponse {
        let group = request.group_id.as_str();
        let state = ctx.broker().0.groups.state(group);
        if state == GroupState::Dead {
            return failed(ErrorCode::GROUP_ID_NOT_FOUND);
        }
        // Which topics members read is theirs to know, so while there are members nothing of theirs is deleted.
        let in_use = state != GroupState::Empty;
        let code = if in_use { ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC } else { ErrorCode::NONE };
        let asked = request.topics.iter().flat_map(|topic| {
            topic.partitions.iter().filter_map(|p| at(topic.name.as_str(), p.partition_index))
        });
        let asked: Vec<TopicPartition> = asked.collect();
        if !in_use && let Err(error) = ctx.broker().0.offsets.remove(group, |at| asked.contains(at))
        {
            tracing::error!(%error, "cannot delete committed offsets");
            return failed(ErrorCode::KAFKA_STORAGE_ERROR);
        }
        let topics = request.topics.into_iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|p| OffsetDeleteResponsePartition {
                partition_index: p.partition_index,
                error_code: code,
            });
            OffsetDeleteResponseTopic { partitions: partitions.collect(), name: topic.name }
        });
        OffsetDeleteResponse { topics: topics.collect(), ..OffsetDeleteResponse::default() }
    }
}

fn failed(error_code: ErrorCode) -> OffsetDeleteResponse {
    OffsetDeleteResponse { error_code, ..OffsetDeleteResponse::default() }
}

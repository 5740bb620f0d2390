//! Where a leader's epoch ended: there is only epoch 0, and it ends at the end of the log.

use super::{LEADER_EPOCH, find};
use crate::{
    server::route::{Context, Handle},
    wire::{
        ErrorCode,
        api::offset_for_leader_epoch::{
            EpochEndOffset, OffsetForLeaderEpoch, OffsetForLeaderEpochRequest,
            OffsetForLeaderEpochResponse, OffsetForLeaderPartition, OffsetForLeaderTopicResult,
        },
    },
};

impl Handle for OffsetForLeaderEpoch {
    async fn answer(
        ctx: &Context<'_>,
        request: OffsetForLeaderEpochRequest,
    ) -> OffsetForLeaderEpochResponse {
        let topics = request.topics.into_iter().map(|topic| {
            let end_of = |asked| end(ctx, topic.topic.as_str(), asked);
            let partitions = topic.partitions.iter().map(end_of).collect();
            OffsetForLeaderTopicResult { topic: topic.topic.clone(), partitions }
        });
        OffsetForLeaderEpochResponse { topics: topics.collect(), throttle_time_ms: 0 }
    }
}

fn end(ctx: &Context<'_>, topic: &str, asked: &OffsetForLeaderPartition) -> EpochEndOffset {
    let mut result = EpochEndOffset { partition: asked.partition, ..EpochEndOffset::default() };
    match find(ctx, topic, asked.partition) {
        None => result.error_code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        Some(_) if asked.current_leader_epoch > LEADER_EPOCH => {
            result.error_code = ErrorCode::UNKNOWN_LEADER_EPOCH;
        }
        // An epoch that never was has no end; −1 says so.
        Some(partition) if asked.leader_epoch == LEADER_EPOCH => {
            result.leader_epoch = LEADER_EPOCH;
            result.end_offset = partition.log.high_watermark().to_wire();
        }
        Some(_) => {}
    }
    result
}

//! Deletes records before an offset.

use pancake_types::Offset;

use super::find;
use crate::{
    server::route::{Context, Handle},
    wire::{
        ErrorCode,
        api::delete_records::{
            DeleteRecords, DeleteRecordsPartition, DeleteRecordsPartitionResult,
            DeleteRecordsRequest, DeleteRecordsResponse, DeleteRecordsTopicResult,
        },
    },
};

/// Stands for the end of the log.
const ALL: i64 = -1;

impl Handle for DeleteRecords {
    async fn answer(ctx: &Context<'_>, request: DeleteRecordsRequest) -> DeleteRecordsResponse {
        let topics = request.topics.into_iter().map(|topic| {
            let delete_one = |asked| delete(ctx, topic.name.as_str(), asked);
            let partitions = topic.partitions.iter().map(delete_one).collect();
            DeleteRecordsTopicResult { name: topic.name.clone(), partitions }
        });
        DeleteRecordsResponse { topics: topics.collect(), throttle_time_ms: 0 }
    }
}

fn delete(
    ctx: &Context<'_>,
    topic: &str,
    asked: &DeleteRecordsPartition,
) -> DeleteRecordsPartitionResult {
    let (low_watermark, error_code) = match try_delete(ctx, topic, asked) {
        Ok(start) => (start.to_wire(), ErrorCode::NONE),
        Err(code) => (-1, code),
    };
    DeleteRecordsPartitionResult {
        partition_index: asked.partition_index,
        low_watermark,
        error_code,
    }
}

fn try_delete(
    ctx: &Context<'_>,
    topic: &str,
    asked: &DeleteRecordsPartition,
) -> Result<Offset, ErrorCode> {
    if let Err(error) = super::writable(topic) {
        return Err(ErrorCode::from(&error));
    }
    let found = find(ctx, topic, asked.partition_index);
    let partition = found.ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    let before = match asked.offset {
        ALL => partition.log.high_watermark(),
        offset => Offset::from_wire(offset).ok_or(ErrorCode::OFFSET_OUT_OF_RANGE)?,
    };
    partition.log.delete_before(before).map_err(|error| ErrorCode::from(&error))
}

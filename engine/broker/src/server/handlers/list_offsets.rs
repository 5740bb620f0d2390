//! Offsets by time, and at the ends of a log.

use pancake_types::{Offset, Timestamp};

use super::{LEADER_EPOCH, find};
use crate::{
    partition::Partition,
    server::route::{Context, Handle},
    wire::{
        ErrorCode,
        api::list_offsets::{
            ListOffsets, ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest,
            ListOffsetsResponse, ListOffsetsTopicResponse,
        },
    },
};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
/// The earliest record that is on a local disk, which here is every one.
const EARLIEST_LOCAL: i64 = -4;

impl Handle for ListOffsets {
    async fn answer(ctx: &Context<'_>, request: ListOffsetsRequest) -> ListOffsetsResponse {
        let topics = request.topics.into_iter().map(|topic| {
            let search_one = |asked| {
                let found = find(ctx, topic.name.as_str(), ListOffsetsPartition::index(asked));
                search(found.as_deref(), asked)
            };
            let partitions = topic.partitions.iter().map(search_one).collect();
            ListOffsetsTopicResponse { name: topic.name.clone(), partitions }
        });
        ListOffsetsResponse { topics: topics.collect(), throttle_time_ms: 0 }
    }
}

impl ListOffsetsPartition {
    fn index(&self) -> i32 {
        self.partition_index
    }
}

fn search(
    partition: Option<&Partition>,
    asked: &ListOffsetsPartition,
) -> ListOffsetsPartitionResponse {
    let mut response = ListOffsetsPartitionResponse {
        partition_index: asked.partition_index,
        ..ListOffsetsPartitionResponse::default()
    };
    let Some(partition) = partition else {
        response.error_code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        return response;
    };
    let log = &partition.log;
    let at = |offset: Offset| Ok(Some((None, offset)));
    let timed = |(time, offset): (Timestamp, Offset)| (Some(time), offset);
    let found = match asked.timestamp {
        LATEST => at(log.high_watermark()),
        EARLIEST | EARLIEST_LOCAL => at(log.start_offset()),
        MAX_TIMESTAMP => log.max_timestamp().map(|found| found.map(timed)),
        time => log.offset_at(Timestamp::from_millis(time)).map(|found| found.map(timed)),
    };
    match found {
        Ok(Some((time, offset))) => {
            response.timestamp = time.map_or(-1, Timestamp::millis);
            response.offset = offset.to_wire();
            response.leader_epoch = LEADER_EPOCH;
        }
        Ok(None) => {}
        Err(error) => response.error_code = ErrorCode::from(&error),
    }
    response
}

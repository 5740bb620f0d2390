//! Gives consumers what they have not read yet, and waits for it if there is too little.
//!
//! * A batch goes out whole and by reference. The first batch of a response goes out even if it is larger than asked.
//! * No fetch sessions: session id 0 says so, which is always allowed.

use std::{sync::Arc, time::Duration};

use tokio::sync::OwnedSemaphorePermit;

use crate::{
    partition::Partition,
    server::{
        connection::{ConnectionError, acquire},
        fetching::{Listening, WAIT_MAX},
        route::Context,
    },
    topics::Topic,
    wire::{
        ErrorCode,
        api::fetch::{
            FetchPartition, FetchRequest, FetchResponse, FetchTopic, FetchableTopicResponse,
            PartitionData,
        },
    },
};

/// First version in which topics are known by their ids.
const TOPIC_IDS_FROM: i16 = 13;

/// A topic that is asked for, with its partitions as far as they are there.
struct Asked {
    request: FetchTopic,
    partitions: Vec<Option<Arc<Partition>>>,
    unknown: ErrorCode,
}

/// Carries a Fetch out; what is returned with the response is held until that is written.
pub(crate) async fn read(
    ctx: &Context<'_>,
    request: FetchRequest,
) -> Result<(FetchResponse, OwnedSemaphorePermit), ConnectionError> {
    if request.session_id != 0 {
        let error_code = ErrorCode::FETCH_SESSION_ID_NOT_FOUND;
        let response = FetchResponse { error_code, ..FetchResponse::default() };
        return Ok((response, acquire(ctx.shared, 0).await?));
    }
    let fetch_bytes_max = ctx.broker().0.options.limits.fetch_bytes_max;
    let bytes_max = usize::try_from(request.max_bytes).unwrap_or(0).min(fetch_bytes_max);
    let bytes_min = usize::try_from(request.min_bytes).unwrap_or(0).min(bytes_max);
    let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0)).min(WAIT_MAX);
    let asked: Vec<_> = request.topics.into_iter().map(|topic| look_up(ctx, topic)).collect();
    let partitions = asked.iter().flat_map(|a| a.partitions.iter().flatten());
    let enough = |_: bool| Looked::at(&asked).is_enough(bytes_min).then_some(());
    if enough(false).is_none() {
        Listening::to(partitions).until(wait, enough).await;
    }
    let ready = Looked::at(&asked).bytes.min(bytes_max as u64) as usize;
    let held = acquire(ctx.shared, ready).await?;
    let mut budget = Budget { left: bytes_max, any: false };
    let responses = asked.into_iter().map(|a| read_topic(a, &mut budget)).collect();
    Ok((FetchResponse { responses, ..FetchResponse::default() }, held))
}

fn look_up(ctx: &Context<'_>, request: FetchTopic) -> Asked {
    let topics = &ctx.broker().0.topics;
    let (topic, unknown) = if ctx.version >= TOPIC_IDS_FROM {
        (topics.by_id(request.topic_id), ErrorCode::UNKNOWN_TOPIC_ID)
    } else {
        (topics.get(request.topic.as_str()), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
    };
    let unknown = if topic.is_some() { ErrorCode::UNKNOWN_TOPIC_OR_PARTITION } else { unknown };
    let find = |topic: &Topic, p: &FetchPartition| super::partition(topic, p.partition).cloned();
    let partitions = request.partitions.iter().map(|p| find(topic.as_deref()?, p)).collect();
    Asked { request, partitions, unknown }
}

/// What a look at the logs' ends says, before anything is read.
#[derive(Default)]
struct Looked {
    /// Bytes that could be read, estimated from above.
    bytes: u64,
    /// Whether something must be reported at once.
    urgent: bool,
}

impl Looked {
    fn at(asked: &[Asked]) -> Self {
        let mut looked = Self::default();
        for topic in asked {
            for (request, partition) in topic.request.partitions.iter().zip(&topic.partitions) {
                looked.add(request, partition.as_deref());
            }
        }
        looked
    }

    fn add(&mut self, request: &FetchPartition, partition: Option<&Partition>) {
        let Some(partition) = partition else {
            self.urgent = true;
            return;
        };
        let (start, end) = (partition.log.start_offset(), partition.log.high_watermark());
        let from = request.fetch_offset;
        if from < start.to_wire() || from > end.to_wire() {
            self.urgent = true;
        } else if from < end.to_wire() {
            let records = end.since(start).max(1);
            let unread = (end.to_wire() - from).unsigned_abs();
            let size = partition.log.size_bytes();
            let mean = (size / records).max(1);
            // A record takes at least a few bytes, so a guess from the mean is good enough to wait by.
            let wanted = u64::try_from(request.partition_max_bytes).unwrap_or(0).max(1);
            self.bytes += unread.saturating_mul(mean).min(wanted);
        }
    }

    fn is_enough(&self, bytes_min: usize) -> bool {
        self.urgent || self.bytes >= bytes_min as u64
    }
}

/// How much of a response is still free.
struct Budget {
    left: usize,
    any: bool,
}

fn read_topic(asked: Asked, budget: &mut Budget) -> FetchableTopicResponse {
    let Asked { request, partitions, unknown } = asked;
    let read =
        request.partitions.iter().zip(partitions).map(|(request, partition)| match partition {
            Some(partition) => read_partition(request, &partition, budget),
            None => PartitionData {
                partition_index: request.partition,
                error_code: unknown,
                high_watermark: -1,
                ..PartitionData::default()
            },
        });
    let partitions = read.collect();
    FetchableTopicResponse { topic: request.topic, topic_id: request.topic_id, partitions }
}

fn read_partition(
    request: &FetchPartition,
    partition: &Partition,
    budget: &mut Budget,
) -> PartitionData {
    let log = &partition.log;
    let high_watermark = log.high_watermark();
    let mut data = PartitionData {
        partition_index: request.partition,
        high_watermark: high_watermark.to_wire(),
        last_stable_offset: high_watermark.to_wire(),
        log_start_offset: log.start_offset().to_wire(),
        records: Some(bytes::Bytes::new()),
        ..PartitionData::default()
    };
    let bytes_max = usize::try_from(request.partition_max_bytes).unwrap_or(0).min(budget.left);
    let Some(from) = pancake_types::Offset::from_wire(request.fetch_offset) else {
        data.error_code = ErrorCode::OFFSET_OUT_OF_RANGE;
        return data;
    };
    if bytes_max == 0 && budget.any {
        return data;
    }
    match log.read(from, bytes_max) {
        Err(error) => data.error_code = ErrorCode::from(&error),
        // Only the first batch of a response may be larger than what is left.
        Ok(fetched) if fetched.batches.len() > bytes_max && budget.any => {}
        Ok(fetched) => {
            budget.any |= !fetched.batches.is_empty();
            budget.left = budget.left.saturating_sub(fetched.batches.len());
            data.records = Some(fetched.batches);
        }
    }
    data
}

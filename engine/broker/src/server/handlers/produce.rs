//! Appends what producers send.
//!
//! * The appends happen before this returns, so the order of requests is the order of records; only an acknowledgement
//!   that needs the disk comes later.

use std::sync::Arc;

use crate::{
    broker::Durability,
    partition::Partition,
    server::route::{Context, Reply, encode},
    topics::Topic,
    wire::{
        ErrorCode, Version,
        api::produce::{
            PartitionProduceData, PartitionProduceResponse, Produce, ProduceRequest,
            ProduceResponse, TopicProduceData, TopicProduceResponse,
        },
    },
};

/// Carries a Produce out; with `acks` 0 there is no reply.
pub(crate) fn append(
    ctx: &Context<'_>,
    request: ProduceRequest,
    v: Version,
    correlation_id: i32,
) -> Option<Reply> {
    let acks = request.acks;
    let refused = match acks {
        -1..=1 if request.transactional_id.is_none() => None,
        -1..=1 => Some(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED),
        _ => Some(ErrorCode::INVALID_REQUIRED_ACKS),
    };
    let mut unsynced = Vec::new();
    let mut append_topic = |data: TopicProduceData| {
        let topic = ctx.broker().0.topics.get(data.name.as_str());
        let results = data.partition_data.into_iter().map(|data| match refused {
            Some(code) => failed(data.index, code, None),
            None => append_partition(ctx, topic.as_deref(), data, &mut unsynced),
        });
        TopicProduceResponse { partition_responses: results.collect(), name: data.name }
    };
    let responses = request.topic_data.into_iter().map(&mut append_topic).collect();
    if acks == 0 {
        return None;
    }
    let response = ProduceResponse { responses, throttle_time_ms: 0 };
    if unsynced.is_empty() {
        return Some(Reply::Ready(encode::<Produce>(&response, correlation_id, v), None));
    }
    Some(Reply::Later(Box::pin(async move {
        let response = sync(response, unsynced).await;
        encode::<Produce>(&response, correlation_id, v)
    })))
}

/// A partition with its place in the response, whose acknowledgement waits for the disk.
type Unsynced = Vec<(Arc<Partition>, i32)>;

fn append_partition(
    ctx: &Context<'_>,
    topic: Option<&Topic>,
    data: PartitionProduceData,
    unsynced: &mut Unsynced,
) -> PartitionProduceResponse {
    let found = topic.and_then(|t| Some((t, super::partition(t, data.index)?)));
    let Some((topic, partition)) = found else {
        return failed(data.index, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, None);
    };
    if topic.name.is_internal() {
        let why = format!("topic `{}` is written by the process only", topic.name);
        return failed(data.index, ErrorCode::TOPIC_AUTHORIZATION_FAILED, Some(why));
    }
    let now = ctx.broker().0.options.clock.now();
    let Some(records) = data.records.filter(|r| !r.is_empty()) else {
        return failed(data.index, ErrorCode::INVALID_RECORD, Some("no records".to_owned()));
    };
    match partition.append(records, now) {
        Ok(appended) => {
            if topic.durability == Durability::Fsync {
                unsynced.push((Arc::clone(partition), data.index));
            }
            PartitionProduceResponse {
                index: data.index,
                base_offset: appended.base_offset.to_wire(),
                log_append_time_ms: appended
                    .log_append_time
                    .map_or(-1, pancake_types::Timestamp::millis),
                log_start_offset: appended.log_start_offset.to_wire(),
                ..PartitionProduceResponse::default()
            }
        }
        Err(error) => {
            tracing::debug!(partition = %partition.name, %error, "refused an append");
            failed(data.index, ErrorCode::from(&error), Some(error.to_string()))
        }
    }
}

fn failed(index: i32, error_code: ErrorCode, why: Option<String>) -> PartitionProduceResponse {
    PartitionProduceResponse {
        index,
        error_code,
        base_offset: -1,
        error_message: why.map(Into::into),
        ..PartitionProduceResponse::default()
    }
}

/// Makes appends durable; what cannot be is reported in its place.
async fn sync(mut response: ProduceResponse, unsynced: Unsynced) -> ProduceResponse {
    for (partition, index) in unsynced {
        let topic = partition.name.topic.clone();
        let synced = tokio::task::spawn_blocking(move || partition.sync()).await;
        if !matches!(synced, Ok(Ok(()))) {
            tracing::error!(%topic, partition = index, "an append is not durable");
            let topics =
                response.responses.iter_mut().filter(|t| t.name.as_str() == topic.as_str());
            let partitions = topics.flat_map(|t| &mut t.partition_responses);
            for result in partitions.filter(|p| p.index == index) {
                *result = failed(index, ErrorCode::KAFKA_STORAGE_ERROR, None);
            }
        }
    }
    response
}

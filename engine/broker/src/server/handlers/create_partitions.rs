//! Gives topics more partitions.

use super::writable;
use crate::{
    error::TopicError,
    server::route::{Context, Handle},
    wire::{
        ErrorCode,
        api::create_partitions::{
            CreatePartitions, CreatePartitionsRequest, CreatePartitionsResponse,
            CreatePartitionsTopic, CreatePartitionsTopicResult,
        },
    },
};

impl Handle for CreatePartitions {
    async fn answer(
        ctx: &Context<'_>,
        request: CreatePartitionsRequest,
    ) -> CreatePartitionsResponse {
        let results = request.topics.into_iter().map(|topic| {
            let mut result = CreatePartitionsTopicResult::default();
            if let Err(error) = grow(ctx, &topic, request.validate_only) {
                result.error_code = ErrorCode::from(&error);
                result.error_message = Some(error.to_string().into());
            }
            result.name = topic.name;
            result
        });
        CreatePartitionsResponse { results: results.collect(), throttle_time_ms: 0 }
    }
}

fn grow(
    ctx: &Context<'_>,
    topic: &CreatePartitionsTopic,
    only_check: bool,
) -> Result<(), TopicError> {
    let name = writable(topic.name.as_str())?;
    ctx.broker().0.topics.grow(name.as_str(), topic.count.into(), only_check)
}

//! Deletes topics for clients.

use uuid::Uuid;

use super::writable;
use crate::{
    error::TopicError,
    server::route::{Context, Handle},
    wire::{
        ErrorCode, Str,
        api::delete_topics::{
            DeletableTopicResult, DeleteTopicState, DeleteTopics, DeleteTopicsRequest,
            DeleteTopicsResponse,
        },
    },
};

impl Handle for DeleteTopics {
    async fn answer(ctx: &Context<'_>, request: DeleteTopicsRequest) -> DeleteTopicsResponse {
        let by_name = |name: Str| DeleteTopicState { name: Some(name), topic_id: Uuid::nil() };
        let topics = request.topics.into_iter();
        let asked = topics.chain(request.topic_names.into_iter().map(by_name));
        let responses = asked.map(|topic| delete(ctx, topic)).collect();
        DeleteTopicsResponse { responses, throttle_time_ms: 0 }
    }
}

fn delete(ctx: &Context<'_>, asked: DeleteTopicState) -> DeletableTopicResult {
    let mut result = DeletableTopicResult {
        name: asked.name,
        topic_id: asked.topic_id,
        ..DeletableTopicResult::default()
    };
    if result.name.is_none() {
        let Some(topic) = ctx.broker().0.topics.by_id(asked.topic_id) else {
            result.error_code = ErrorCode::UNKNOWN_TOPIC_ID;
            return result;
        };
        result.name = Some(topic.name.as_str().into());
    }
    let name = result.name.clone().unwrap_or_default();
    if let Err(error) = try_delete(ctx, name.as_str()) {
        result.error_code = ErrorCode::from(&error);
        result.error_message = Some(error.to_string().into());
    }
    result
}

fn try_delete(ctx: &Context<'_>, name: &str) -> Result<(), TopicError> {
    ctx.broker().0.delete_topic(writable(name)?.as_str())
}

//! Creates topics for clients.

use super::writable;
use crate::{
    TopicSpec, TopicView, config,
    error::TopicError,
    server::route::{Context, Handle},
    wire::{
        ErrorCode,
        api::create_topics::{
            CreatableTopic, CreatableTopicConfigs, CreatableTopicResult, CreateTopics,
            CreateTopicsRequest, CreateTopicsResponse,
        },
    },
};

/// Where a setting's value comes from, as the wire says it: the topic, or the default.
pub(super) const FROM_TOPIC: i8 = 1;
pub(super) const FROM_DEFAULT: i8 = 5;

impl Handle for CreateTopics {
    async fn answer(ctx: &Context<'_>, request: CreateTopicsRequest) -> CreateTopicsResponse {
        let names: Vec<_> = request.topics.iter().map(|t| t.name.clone()).collect();
        let topics = request.topics.into_iter().map(|topic| {
            let twice = names.iter().filter(|n| **n == topic.name).count() > 1;
            if twice {
                let why = "the topic is named twice in one request";
                return failed(topic, ErrorCode::INVALID_REQUEST, why.to_owned());
            }
            create(ctx, topic, request.validate_only)
        });
        CreateTopicsResponse { topics: topics.collect(), throttle_time_ms: 0 }
    }
}

fn create(ctx: &Context<'_>, topic: CreatableTopic, only_check: bool) -> CreatableTopicResult {
    if !matches!(topic.replication_factor, -1 | 1) && topic.assignments.is_empty() {
        let why = "there is one broker, so the replication factor is 1";
        return failed(topic, ErrorCode::INVALID_REPLICATION_FACTOR, why.to_owned());
    }
    match try_create(ctx, &topic, only_check) {
        Ok(result) => result,
        Err(error) => failed(topic, ErrorCode::from(&error), error.to_string()),
    }
}

fn try_create(
    ctx: &Context<'_>,
    topic: &CreatableTopic,
    only_check: bool,
) -> Result<CreatableTopicResult, TopicError> {
    let name = writable(topic.name.as_str())?;
    let spec = TopicSpec { partitions: partitions(topic)?, config: settings(topic) };
    let mut result = CreatableTopicResult { name: topic.name.clone(), ..Default::default() };
    result.num_partitions = ctx.broker().0.topics.check(&name, &spec)? as i32;
    result.replication_factor = 1;
    result.configs = Some(all_settings(&spec));
    if !only_check {
        let TopicView { id, .. } = ctx.broker().create_topic(&name, spec)?;
        result.topic_id = id;
    }
    Ok(result)
}

/// How many partitions are asked for; assignments to brokers say it by their number.
fn partitions(topic: &CreatableTopic) -> Result<Option<u32>, TopicError> {
    if !topic.assignments.is_empty() {
        return Ok(Some(topic.assignments.len() as u32));
    }
    let asked = topic.num_partitions;
    match asked {
        -1 => Ok(None),
        1.. => Ok(Some(asked.cast_unsigned())),
        _ => Err(TopicError::Partitions { asked: asked.into(), now: 0, limit: usize::MAX }),
    }
}

fn settings(topic: &CreatableTopic) -> config::TopicConfig {
    let given = topic.configs.iter();
    given.filter_map(|c| Some((c.name.to_string(), c.value.as_ref()?.to_string()))).collect()
}

fn all_settings(spec: &TopicSpec) -> Vec<CreatableTopicConfigs> {
    let describe = |setting: &config::Setting| CreatableTopicConfigs {
        name: setting.name.into(),
        value: Some(config::value(&spec.config, setting.name).into()),
        read_only: false,
        config_source: if spec.config.contains_key(setting.name) {
            FROM_TOPIC
        } else {
            FROM_DEFAULT
        },
        is_sensitive: false,
    };
    config::SETTINGS.iter().map(describe).collect()
}

fn failed(topic: CreatableTopic, error_code: ErrorCode, why: String) -> CreatableTopicResult {
    let error_message = Some(why.into());
    CreatableTopicResult { name: topic.name, error_code, error_message, ..Default::default() }
}

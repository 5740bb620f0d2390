//! The broker's address and its topics; those that are missing are created if the client wants that.

use pancake_types::TopicName;
use uuid::Uuid;

use super::{LEADER_EPOCH, NODE_ID, writable};
use crate::{
    TopicSpec,
    error::TopicError,
    server::route::{Context, Handle},
    topics::Topic,
    wire::{
        ErrorCode,
        api::metadata::{
            Metadata, MetadataRequest, MetadataRequestTopic, MetadataResponse,
            MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
        },
    },
};

impl Handle for Metadata {
    async fn answer(ctx: &Context<'_>, request: MetadataRequest) -> MetadataResponse {
        let create = request.allow_auto_topic_creation && ctx.broker().0.options.auto_create;
        // In version 0 an empty list asks for all topics.
        let asked = request.topics.filter(|topics| ctx.version > 0 || !topics.is_empty());
        let topics = match asked {
            Some(asked) => asked.into_iter().map(|topic| one(ctx, topic, create)).collect(),
            None => ctx.broker().0.topics.all().iter().map(|t| describe(t)).collect(),
        };
        let address = ctx.advertised();
        let broker = MetadataResponseBroker {
            node_id: NODE_ID,
            host: address.host.clone().into(),
            port: address.port.into(),
            rack: None,
        };
        MetadataResponse {
            brokers: vec![broker],
            cluster_id: Some(ctx.broker().0.cluster_id.clone().into()),
            controller_id: NODE_ID,
            topics,
            ..MetadataResponse::default()
        }
    }
}

fn one(ctx: &Context<'_>, asked: MetadataRequestTopic, create: bool) -> MetadataResponseTopic {
    let topics = &ctx.broker().0.topics;
    let Some(name) = asked.name.filter(|_| asked.topic_id == Uuid::nil()) else {
        let unknown = || MetadataResponseTopic {
            error_code: ErrorCode::UNKNOWN_TOPIC_ID,
            topic_id: asked.topic_id,
            ..MetadataResponseTopic::default()
        };
        return topics.by_id(asked.topic_id).map_or_else(unknown, |t| describe(&t));
    };
    match find_or_create(ctx, name.as_str(), create) {
        Ok(topic) => topic,
        Err(error) => MetadataResponseTopic {
            error_code: ErrorCode::from(&error),
            name: Some(name),
            ..MetadataResponseTopic::default()
        },
    }
}

fn find_or_create(
    ctx: &Context<'_>,
    name: &str,
    create: bool,
) -> Result<MetadataResponseTopic, TopicError> {
    let topics = &ctx.broker().0.topics;
    if let Some(topic) = topics.get(name) {
        return Ok(describe(&topic));
    }
    let name = if create { writable(name)? } else { TopicName::new(name)? };
    if !create {
        return Err(TopicError::Unknown { topic: name.to_string() });
    }
    match topics.create(&name, TopicSpec::default()) {
        // Another client was faster.
        Err(TopicError::Exists { .. }) => {
            let unknown = || TopicError::Unknown { topic: name.to_string() };
            topics.get(name.as_str()).map(|t| describe(&t)).ok_or_else(unknown)
        }
        created => created.map(|t| describe(&t)),
    }
}

fn describe(topic: &Topic) -> MetadataResponseTopic {
    let partition = |index: usize| MetadataResponsePartition {
        partition_index: index as i32,
        leader_id: NODE_ID,
        leader_epoch: LEADER_EPOCH,
        replica_nodes: vec![NODE_ID],
        isr_nodes: vec![NODE_ID],
        ..MetadataResponsePartition::default()
    };
    MetadataResponseTopic {
        name: Some(topic.name.as_str().into()),
        topic_id: topic.id,
        is_internal: topic.name.is_internal(),
        partitions: (0..topic.partitions.len()).map(partition).collect(),
        ..MetadataResponseTopic::default()
    }
}

//! Every setting of a topic with its value, and the few of the broker that clients look at.

use super::{
    NODE_ID,
    create_topics::{FROM_DEFAULT, FROM_TOPIC},
};
use crate::{
    config,
    server::route::{Context, Handle},
    wire::{
        ErrorCode, Str,
        api::describe_configs::{
            DescribeConfigs, DescribeConfigsRequest, DescribeConfigsResource,
            DescribeConfigsResourceResult, DescribeConfigsResponse, DescribeConfigsResult,
            DescribeConfigsSynonym,
        },
    },
};

/// Kinds of resources.
pub(super) const TOPIC: i8 = 2;
const BROKER: i8 = 4;

impl Handle for DescribeConfigs {
    async fn answer(ctx: &Context<'_>, request: DescribeConfigsRequest) -> DescribeConfigsResponse {
        let synonyms = request.include_synonyms;
        let results = request.resources.into_iter().map(|r| describe(ctx, r, synonyms));
        DescribeConfigsResponse { results: results.collect(), throttle_time_ms: 0 }
    }
}

fn describe(
    ctx: &Context<'_>,
    resource: DescribeConfigsResource,
    synonyms: bool,
) -> DescribeConfigsResult {
    let name = resource.resource_name.to_string();
    let described = match resource.resource_type {
        TOPIC => of_topic(ctx, &name, synonyms),
        BROKER if name.is_empty() || name == NODE_ID.to_string() => Ok(of_broker(ctx)),
        BROKER => Err((ErrorCode::INVALID_REQUEST, format!("there is no broker {name}"))),
        _ => Err((ErrorCode::INVALID_REQUEST, "only topics and brokers have settings".to_owned())),
    };
    let mut result = DescribeConfigsResult {
        resource_type: resource.resource_type,
        resource_name: resource.resource_name,
        ..DescribeConfigsResult::default()
    };
    match described {
        Ok(configs) => result.configs = configs,
        Err((code, why)) => {
            result.error_code = code;
            result.error_message = Some(why.into());
        }
    }
    if let Some(keys) = resource.configuration_keys {
        result.configs.retain(|c| keys.contains(&c.name));
    }
    result
}

type Described = Result<Vec<DescribeConfigsResourceResult>, (ErrorCode, String)>;

fn of_topic(ctx: &Context<'_>, name: &str, synonyms: bool) -> Described {
    let unknown =
        || (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, format!("topic `{name}` does not exist"));
    let topic = ctx.broker().0.topics.get(name).ok_or_else(unknown)?;
    let describe = |setting: &config::Setting| {
        let default = DescribeConfigsSynonym {
            name: setting.name.into(),
            value: Some(setting.default.into()),
            source: FROM_DEFAULT,
        };
        let set = topic.config.get(setting.name).map(|value| DescribeConfigsSynonym {
            name: setting.name.into(),
            value: Some(value.as_str().into()),
            source: FROM_TOPIC,
        });
        let all: Vec<_> = set.into_iter().chain([default]).collect();
        DescribeConfigsResourceResult {
            name: setting.name.into(),
            value: all.first().and_then(|s| s.value.clone()),
            config_source: all.first().map_or(FROM_DEFAULT, |s| s.source),
            synonyms: if synonyms { all } else { Vec::new() },
            config_type: setting.kind as i8,
            documentation: Some(setting.doc.into()),
            ..DescribeConfigsResourceResult::default()
        }
    };
    Ok(config::SETTINGS.iter().map(describe).collect())
}

fn of_broker(ctx: &Context<'_>) -> Vec<DescribeConfigsResourceResult> {
    let options = &ctx.broker().0.options;
    let address = ctx.advertised();
    let setting = |name: &str, value: String| DescribeConfigsResourceResult {
        name: name.into(),
        value: Some(Str::from(value)),
        read_only: true,
        config_source: FROM_DEFAULT,
        config_type: config::Kind::Text as i8,
        ..DescribeConfigsResourceResult::default()
    };
    vec![
        setting("advertised.listeners", format!("PLAINTEXT://{address}")),
        setting("auto.create.topics.enable", options.auto_create.to_string()),
        setting("broker.id", NODE_ID.to_string()),
        setting("default.replication.factor", "1".to_owned()),
        setting("group.max.size", options.limits.group_members_max.to_string()),
        setting("log.dirs", options.log_dir.display().to_string()),
        setting(
            "message.max.bytes",
            config::value(&config::TopicConfig::new(), "max.message.bytes").into(),
        ),
        setting("min.insync.replicas", "1".to_owned()),
        setting("num.partitions", options.default_partitions.to_string()),
        setting("socket.request.max.bytes", options.limits.produce_frame_bytes_max.to_string()),
    ]
}

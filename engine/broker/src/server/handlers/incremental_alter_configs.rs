//! Changes single settings of topics.

use super::{describe_configs::TOPIC, writable};
use crate::{
    config::{self, Kind, TopicConfig},
    error::TopicError,
    server::route::{Context, Handle},
    wire::{
        ErrorCode,
        api::incremental_alter_configs::{
            AlterConfigsResource, AlterConfigsResourceResponse, AlterableConfig,
            IncrementalAlterConfigs, IncrementalAlterConfigsRequest,
            IncrementalAlterConfigsResponse,
        },
    },
};

const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

impl Handle for IncrementalAlterConfigs {
    async fn answer(
        ctx: &Context<'_>,
        request: IncrementalAlterConfigsRequest,
    ) -> IncrementalAlterConfigsResponse {
        let only_check = request.validate_only;
        let responses = request.resources.into_iter().map(|r| alter(ctx, r, only_check));
        IncrementalAlterConfigsResponse { responses: responses.collect(), throttle_time_ms: 0 }
    }
}

fn alter(
    ctx: &Context<'_>,
    resource: AlterConfigsResource,
    only_check: bool,
) -> AlterConfigsResourceResponse {
    let (error_code, why) = match try_alter(ctx, &resource, only_check) {
        None => (ErrorCode::INVALID_REQUEST, Some("only topics can be changed".to_owned())),
        Some(Ok(())) => (ErrorCode::NONE, None),
        Some(Err(error)) => (ErrorCode::from(&error), Some(error.to_string())),
    };
    AlterConfigsResourceResponse {
        error_code,
        error_message: why.map(Into::into),
        resource_type: resource.resource_type,
        resource_name: resource.resource_name,
    }
}

fn try_alter(
    ctx: &Context<'_>,
    resource: &AlterConfigsResource,
    only_check: bool,
) -> Option<Result<(), TopicError>> {
    if resource.resource_type != TOPIC {
        return None;
    }
    let change = |config: &mut TopicConfig| {
        resource.configs.iter().try_for_each(|one| change_one(config, one))
    };
    let topics = &ctx.broker().0.topics;
    let name = writable(resource.resource_name.as_str());
    Some(name.and_then(|name| topics.configure(name.as_str(), change, only_check)))
}

fn change_one(config: &mut TopicConfig, change: &AlterableConfig) -> Result<(), TopicError> {
    let setting = config::setting(change.name.as_str())?;
    let given = change.value.as_ref().map(ToString::to_string).unwrap_or_default();
    let invalid = |expected| {
        let (name, value) = (setting.name.to_owned(), given.clone());
        Err(TopicError::InvalidConfig { name, value, expected })
    };
    let now = config::value(config, setting.name).to_owned();
    let listed = |s: &str| s.split(',').map(str::trim).map(str::to_owned).collect::<Vec<_>>();
    match change.config_operation {
        SET => config.insert(setting.name.to_owned(), given),
        DELETE => config.remove(setting.name),
        APPEND | SUBTRACT if setting.kind != Kind::List => {
            return invalid("a setting that is a list");
        }
        APPEND => {
            let mut list = listed(&now);
            list.extend(listed(&given).into_iter().filter(|v| !now.contains(v.as_str())));
            list.retain(|v| !v.is_empty());
            config.insert(setting.name.to_owned(), list.join(","))
        }
        SUBTRACT => {
            let taken = listed(&given);
            let left: Vec<_> = listed(&now).into_iter().filter(|v| !taken.contains(v)).collect();
            config.insert(setting.name.to_owned(), left.join(","))
        }
        _ => return invalid("operation 0 to 3"),
    };
    Ok(())
}

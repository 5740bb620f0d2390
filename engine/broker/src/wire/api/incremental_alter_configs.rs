//! `IncrementalAlterConfigs`: single settings of a topic.

use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

api! {
    /// Changes settings.
    IncrementalAlterConfigs = 44, 0..=1, flexible 1, IncrementalAlterConfigsRequest => IncrementalAlterConfigsResponse
}

message! {
    /// Whose settings.
    struct IncrementalAlterConfigsRequest {
        resources: Vec<AlterConfigsResource>, 0..;
        validate_only: bool, 0..;
    }

    /// A topic or the broker.
    struct AlterConfigsResource {
        resource_type: i8, 0..;
        resource_name: Str, 0..;
        configs: Vec<AlterableConfig>, 0..;
    }

    /// One change: operation 0 sets, 1 removes, 2 and 3 add to and take from a list.
    struct AlterableConfig {
        name: Str, 0..;
        config_operation: i8, 0..;
        value: Option<Str>, 0..;
    }

    /// What was changed.
    struct IncrementalAlterConfigsResponse {
        throttle_time_ms: i32, 0..;
        responses: Vec<AlterConfigsResourceResponse>, 0..;
    }

    /// Result for one resource.
    struct AlterConfigsResourceResponse {
        error_code: ErrorCode, 0..;
        error_message: Option<Str>, 0..;
        resource_type: i8, 0..;
        resource_name: Str, 0..;
    }
}

//! `DescribeConfigs`: every setting of topics and the broker, with where its value comes from.

use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

api! {
    /// Describes settings.
    DescribeConfigs = 32, 1..=4, flexible 4, DescribeConfigsRequest => DescribeConfigsResponse
}

message! {
    /// Whose settings.
    struct DescribeConfigsRequest {
        resources: Vec<DescribeConfigsResource>, 0..;
        include_synonyms: bool, 1..;
        include_documentation: bool, 3..;
    }

    /// A topic or the broker; null keys mean all.
    struct DescribeConfigsResource {
        resource_type: i8, 0..;
        resource_name: Str, 0..;
        configuration_keys: Option<Vec<Str>>, 0..;
    }

    /// The settings.
    struct DescribeConfigsResponse {
        throttle_time_ms: i32, 0..;
        results: Vec<DescribeConfigsResult>, 0..;
    }

    /// Settings of one resource.
    struct DescribeConfigsResult {
        error_code: ErrorCode, 0..;
        error_message: Option<Str>, 0..;
        resource_type: i8, 0..;
        resource_name: Str, 0..;
        configs: Vec<DescribeConfigsResourceResult>, 0..;
    }

    /// One setting.
    struct DescribeConfigsResourceResult {
        name: Str, 0..;
        value: Option<Str>, 0..;
        read_only: bool, 0..;
        config_source: i8, 1.., default -1;
        is_sensitive: bool, 0..;
        synonyms: Vec<DescribeConfigsSynonym>, 1..;
        config_type: i8, 3..;
        documentation: Option<Str>, 3..;
    }

    /// Where else the value could come from.
    struct DescribeConfigsSynonym {
        name: Str, 1..;
        value: Option<Str>, 1..;
        source: i8, 1..;
    }
}

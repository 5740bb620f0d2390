//! `ApiVersions`: what this broker speaks; the first thing that most clients ask.

use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

api! {
    /// Lists APIs with their versions. Asked in an unknown version, the answer comes in version 0.
    ApiVersions = 18, 0..=4, flexible 3, ApiVersionsRequest => ApiVersionsResponse
}

message! {
    /// Who asks.
    struct ApiVersionsRequest {
        client_software_name: Str, 3..;
        client_software_version: Str, 3..;
    }

    /// What this broker speaks.
    struct ApiVersionsResponse {
        error_code: ErrorCode, 0..;
        api_keys: Vec<ApiVersion>, 0..;
        throttle_time_ms: i32, 1..;
    }

    /// Versions of one API.
    struct ApiVersion {
        api_key: i16, 0..;
        min_version: i16, 0..;
        max_version: i16, 0..;
    }
}

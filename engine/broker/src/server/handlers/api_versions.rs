//! What this broker speaks.

use crate::{
    server::route::{Context, Handle},
    wire::{
        Api,
        api::{
            self,
            api_versions::{ApiVersion, ApiVersions, ApiVersionsRequest, ApiVersionsResponse},
            each_api,
        },
    },
};

impl Handle for ApiVersions {
    async fn answer(_: &Context<'_>, _: ApiVersionsRequest) -> ApiVersionsResponse {
        versions()
    }
}

macro_rules! list {
    ($($module:ident $name:ident;)*) => { vec![$( of::<api::$module::$name>(), )*] };
}

/// Every API with its versions.
pub(crate) fn versions() -> ApiVersionsResponse {
    ApiVersionsResponse { api_keys: each_api!(list), ..ApiVersionsResponse::default() }
}

fn of<A: Api>() -> ApiVersion {
    let (min_version, max_version) = (*A::VERSIONS.start(), *A::VERSIONS.end());
    ApiVersion { api_key: A::KEY, min_version, max_version }
}

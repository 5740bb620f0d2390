//! Extractors whose refusals read like every other error of the API.

use axum::{
    Json,
    extract::{
        FromRequest, FromRequestParts, Path, Query, Request,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// The JSON body of a request.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

/// What stands after `?`.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

/// The variable parts of the path.
#[derive(Debug)]
pub(crate) struct Named<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match Json::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(refuse_body(&rejection)),
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let refuse = |r: QueryRejection| ApiError::new(r.status(), "bad_query", r.body_text());
        Query::from_request_parts(parts, state)
            .await
            .map(|Query(value)| Self(value))
            .map_err(refuse)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let refuse = |r: PathRejection| ApiError::new(r.status(), "bad_path", r.body_text());
        Path::from_request_parts(parts, state).await.map(|Path(value)| Self(value)).map_err(refuse)
    }
}

fn refuse_body(rejection: &JsonRejection) -> ApiError {
    let text = rejection.body_text();
    match rejection {
        JsonRejection::MissingJsonContentType(_) => {
            ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", text)
                .hint("send `content-type: application/json`")
        }
        _ => ApiError::new(rejection.status(), "bad_json", text),
    }
}

//! Open Inference Protocol v2 over HTTP. What the messages mean is `pancake_serving`'s; here are paths and statuses.
//!
//! * Errors have that protocol's shape, `{"error": "…"}`: 404 for what is not there or not served, 400 for a wrong request.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use pancake_serving::{
    InferError, InferRequest, InferResponse, ModelMetadata, Recommender, ServerMetadata, Version,
    infer as answer, model_metadata, server_metadata,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    App,
    error::ApiError,
    extract::{Body, Named},
    predict::{self, timed},
};

/// A refusal in the protocol's shape.
#[derive(Debug)]
pub(crate) struct Refusal(ApiError);

impl<E: Into<ApiError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.0.body.message }));
        // The refusal tells the log what it has to; only its body has another shape here.
        (self.0.into_response().status(), body).into_response()
    }
}

impl From<InferError> for ApiError {
    fn from(error: InferError) -> Self {
        let (status, code) = match &error {
            InferError::Predict(predict) => return predict.clone().into(),
            _ if error.is_not_found() => (StatusCode::NOT_FOUND, "not_served"),
            _ => (StatusCode::BAD_REQUEST, "bad_inference_request"),
        };
        Self::new(status, code, error.to_string())
    }
}

/// The path's parts; the version is absent on the short form.
#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    model: String,
    version: Option<String>,
}

impl Target {
    fn version(&self) -> Result<Option<Version>, ApiError> {
        let parse = |text: &String| {
            let not_found = |_| {
                let message = format!("`{text}` is not the number of a version");
                ApiError::new(StatusCode::NOT_FOUND, "unknown_version", message)
            };
            text.parse().map_err(not_found)
        };
        self.version.as_ref().map(parse).transpose()
    }

    /// The model's endpoint, if it serves the version that the path names.
    fn served(&self, app: &App) -> Result<std::sync::Arc<Recommender>, ApiError> {
        let recommender = app.node.recommender(&self.model)?;
        let serving = recommender.live().map(|live| live.version());
        let asked = self.version()?;
        match serving {
            Some(served) if asked.is_none_or(|asked| asked == served) => Ok(recommender),
            Some(served) => Err(not_served(format!(
                "model `{}` serves version {served}, not {}",
                self.model,
                self.version.as_deref().unwrap_or_default()
            ))),
            None => Err(not_served(format!("no version of model `{}` is deployed", self.model))),
        }
    }
}

fn not_served(message: String) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "not_served", message)
}

/// `GET /v2`
pub(crate) async fn server() -> Json<ServerMetadata> {
    Json(server_metadata(env!("CARGO_PKG_VERSION")))
}

/// `GET /v2/health/live`
pub(crate) async fn health_live() -> Json<Value> {
    Json(json!({ "live": true }))
}

/// `GET /v2/health/ready`: the engine restores its models before anything listens.
pub(crate) async fn health_ready() -> Json<Value> {
    Json(json!({ "ready": true }))
}

/// `GET /v2/models/{model}[/versions/{version}]`
pub(crate) async fn metadata(
    State(app): State<App>,
    Named(target): Named<Target>,
) -> Result<Json<ModelMetadata>, Refusal> {
    Ok(Json(model_metadata(&*target.served(&app)?)))
}

/// `GET /v2/models/{model}[/versions/{version}]/ready`
pub(crate) async fn ready(
    State(app): State<App>,
    Named(target): Named<Target>,
) -> Result<Json<Value>, Refusal> {
    target.served(&app)?;
    Ok(Json(json!({ "name": target.model, "ready": true })))
}

/// `POST /v2/models/{model}[/versions/{version}]/infer`
pub(crate) async fn infer(
    State(app): State<App>,
    Named(target): Named<Target>,
    body: Result<Body<InferRequest>, ApiError>,
) -> Result<Json<InferResponse>, Refusal> {
    let response = timed(&app, &target.model, || {
        let Body(request) = body?;
        let version = target.version()?;
        let recommender = app.node.recommender(&target.model)?;
        let response = answer(&recommender, request, version)?;
        let version = response.model_version.parse().unwrap_or(predict::NO_VERSION);
        Ok((version, response))
    })?;
    Ok(Json(response))
}

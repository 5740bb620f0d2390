//! Open Inference Protocol v2, as far as a recommender needs it: metadata, readiness, inference over JSON.
//!
//! * Errors have that protocol's shape, `{"error": "…"}`.
//! * A request has one input, `user` BYTES [n]; the parameter `k` says how many items. The answer has `item` BYTES [n, k]
//!   and `score` FP32 [n, k], best first, all by one version; `params_offset` says which online updates it has seen.
//! * An unknown user gets the popular items and `"cold_start": true`; an unknown model is 404.

mod tensor;

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use pancake_node::api::ModelView;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    App,
    error::ApiError,
    extract::{Body, Named},
    predict::{self, Ask, Predicted},
};
use tensor::Tensor;

const ITEMS_DEFAULT: u64 = 10;

/// A refusal in the protocol's shape.
#[derive(Debug)]
pub(crate) struct Refusal(ApiError);

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, message) = (self.0.status, self.0.body.message.clone());
        if status.is_server_error() {
            // Says the cause to the log; its own body is not used.
            drop(self.0.into_response());
        }
        (status, Json(json!({ "error": message }))).into_response()
    }
}

fn refuse(message: impl Into<String>) -> Refusal {
    Refusal(ApiError::new(StatusCode::BAD_REQUEST, "bad_inference_request", message))
}

/// The path's parts; the version is absent on the short form.
#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    model: String,
    version: Option<String>,
}

impl Target {
    /// The served model, and the version that the path names or that is served.
    fn find(&self, app: &App) -> Result<(ModelView, u32), Refusal> {
        let view = app.node.model(&self.model).map_err(ApiError::from)?;
        let version = self.version()?.or(view.serving).ok_or_else(|| {
            not_found(format!("model `{}` has no version that is served", self.model))
        })?;
        if view.versions.iter().all(|v| v.version != version) {
            return Err(not_found(format!("model `{}` has no version {version}", self.model)));
        }
        Ok((view, version))
    }

    fn version(&self) -> Result<Option<u32>, Refusal> {
        let parse = |text: &String| {
            text.parse().map_err(|_| not_found(format!("`{text}` is not a version's number")))
        };
        self.version.as_ref().map(parse).transpose()
    }
}

fn not_found(message: String) -> Refusal {
    Refusal(ApiError::new(StatusCode::NOT_FOUND, "unknown_version", message))
}

/// A request to infer.
#[derive(Debug, Deserialize)]
pub(crate) struct InferRequest {
    id: Option<String>,
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
    inputs: Vec<Tensor>,
    #[serde(default)]
    outputs: Vec<OutputRequest>,
}

#[derive(Debug, Deserialize)]
struct OutputRequest {
    name: String,
}

/// What was inferred.
#[derive(Debug, Serialize)]
pub(crate) struct InferAnswer {
    model_name: String,
    model_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    parameters: Value,
    outputs: Vec<Tensor>,
}

/// `GET /v2`
pub(crate) async fn server() -> Json<Value> {
    Json(json!({ "name": "pancake", "version": env!("CARGO_PKG_VERSION"), "extensions": [] }))
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
) -> Result<Json<Value>, Refusal> {
    let (view, version) = target.find(&app)?;
    let algorithm = view.versions.iter().find(|v| v.version == version).map(|v| &v.algorithm);
    Ok(Json(json!({
        "name": view.name,
        "versions": view.versions.iter().map(|v| v.version.to_string()).collect::<Vec<_>>(),
        "platform": format!("pancake_{}", algorithm.map_or("model", String::as_str)),
        "inputs": [{ "name": "user", "datatype": "BYTES", "shape": [-1] }],
        "outputs": [
            { "name": "item", "datatype": "BYTES", "shape": [-1, -1] },
            { "name": "score", "datatype": "FP32", "shape": [-1, -1] },
        ],
    })))
}

/// `GET /v2/models/{model}[/versions/{version}]/ready`
pub(crate) async fn ready(
    State(app): State<App>,
    Named(target): Named<Target>,
) -> Result<Json<Value>, Refusal> {
    let (view, version) = target.find(&app)?;
    if view.serving != Some(version) {
        return Err(refuse(format!("version {version} of model `{}` is not served", view.name)));
    }
    Ok(Json(json!({ "name": view.name, "ready": true })))
}

/// `POST /v2/models/{model}[/versions/{version}]/infer`
pub(crate) async fn infer(
    State(app): State<App>,
    Named(target): Named<Target>,
    body: Result<Body<InferRequest>, ApiError>,
) -> Result<Json<InferAnswer>, Refusal> {
    let Body(request) = body?;
    let version = target.version()?;
    let ask = Ask { users: users(&request)?, k: items(&request)?, model: target.model, version };
    let predicted = predict::ask(&app, &ask)?;
    Ok(Json(answer(ask.model, request, predicted)?))
}

fn users(request: &InferRequest) -> Result<Vec<String>, Refusal> {
    match request.inputs.as_slice() {
        [input] if input.name == "user" => input.texts().map_err(refuse),
        [input] => Err(refuse(format!("the input is named `{}`; it has to be `user`", input.name))),
        inputs => Err(refuse(format!("{} inputs; there has to be one, `user`", inputs.len()))),
    }
}

fn items(request: &InferRequest) -> Result<usize, Refusal> {
    let k = match request.parameters.get("k") {
        None => Some(ITEMS_DEFAULT),
        Some(value) => value.as_u64(),
    };
    k.and_then(|k| usize::try_from(k).ok())
        .ok_or_else(|| refuse("the parameter `k` has to be a positive whole number"))
}

fn answer(
    model: String,
    request: InferRequest,
    predicted: Predicted,
) -> Result<InferAnswer, Refusal> {
    let rows = predicted.rows.len();
    // A catalog smaller than k answers with fewer; a tensor has one width, so the shortest row decides.
    let width = predicted.rows.iter().map(|row| row.items.len()).min().unwrap_or(0);
    let cold = predicted.rows.iter().any(|row| row.cold_start);
    let (mut names, mut scores) = (Vec::new(), Vec::new());
    for (item, score) in predicted.rows.into_iter().flat_map(|r| r.items.into_iter().take(width)) {
        names.push(Value::from(item));
        scores.push(Value::from(score));
    }
    let shape = vec![rows as i64, width as i64];
    let outputs = vec![
        Tensor { name: "item".into(), datatype: "BYTES".into(), shape: shape.clone(), data: names },
        Tensor { name: "score".into(), datatype: "FP32".into(), shape, data: scores },
    ];
    Ok(InferAnswer {
        model_name: model,
        model_version: predicted.version.to_string(),
        id: request.id,
        parameters: json!({ "params_offset": predicted.params_offset, "cold_start": cold }),
        outputs: chosen(outputs, &request.outputs)?,
    })
}

/// The outputs that were asked for; all of them if none was named.
fn chosen(mut all: Vec<Tensor>, asked: &[OutputRequest]) -> Result<Vec<Tensor>, Refusal> {
    if let Some(unknown) = asked.iter().find(|a| all.iter().all(|t| t.name != a.name)) {
        return Err(refuse(format!(
            "no output is named `{}`; there are `item` and `score`",
            unknown.name
        )));
    }
    if !asked.is_empty() {
        all.retain(|tensor| asked.iter().any(|a| a.name == tensor.name));
    }
    Ok(all)
}

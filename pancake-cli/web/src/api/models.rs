//! Models: training, serving, and what they recommend.

use axum::{Json, extract::State, http::StatusCode};
use pancake_node::api::{DeployRequest, EvaluationView, ModelView, TrainRequest, VersionView};
use serde::{Deserialize, Serialize};

use super::Answer;
use crate::{
    App,
    error::ApiError,
    extract::{Body, Named, Params},
    predict,
};

const ITEMS_DEFAULT: usize = 10;

/// How many items.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Count {
    k: Option<usize>,
}

/// For whom to predict.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PredictRequest {
    users: Vec<String>,
    #[serde(default)]
    k: Option<usize>,
    #[serde(default)]
    version: Option<u32>,
}

/// What to measure a served model on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Evaluate {
    test_table: String,
}

/// Items for one user, all from one version.
#[derive(Debug, Serialize)]
pub(crate) struct Recommendations {
    user: String,
    #[serde(flatten)]
    answer: pancake_serving::Answer,
}

/// `GET /api/v1/models`
pub(crate) async fn list(State(app): State<App>) -> Json<Vec<ModelView>> {
    Json(app.node.models())
}

/// `GET /api/v1/models/{model}`
pub(crate) async fn show(State(app): State<App>, Named(model): Named<String>) -> Answer<ModelView> {
    Ok(Json(app.node.model(&model)?))
}

/// `DELETE /api/v1/models/{model}`
pub(crate) async fn delete(
    State(app): State<App>,
    Named(model): Named<String>,
) -> Result<StatusCode, ApiError> {
    app.node.delete_model(&model).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/models/{model}/train`: the path names the model, whatever the body says.
pub(crate) async fn train(
    State(app): State<App>,
    Named(model): Named<String>,
    Body(request): Body<TrainRequest>,
) -> Result<(StatusCode, Json<VersionView>), ApiError> {
    let version = app.node.train(TrainRequest { model, ..request }).await?;
    Ok((StatusCode::CREATED, Json(version)))
}

/// `POST /api/v1/models/{model}/deploy`
pub(crate) async fn deploy(
    State(app): State<App>,
    Named(model): Named<String>,
    Body(request): Body<DeployRequest>,
) -> Answer<ModelView> {
    Ok(Json(app.node.deploy(&model, request).await?))
}

/// `POST /api/v1/models/{model}/rollback`
pub(crate) async fn rollback(
    State(app): State<App>,
    Named(model): Named<String>,
) -> Answer<ModelView> {
    Ok(Json(app.node.rollback(&model).await?))
}

/// `POST /api/v1/models/{model}/evaluate`: ranks with what is served now.
pub(crate) async fn evaluate(
    State(app): State<App>,
    Named(model): Named<String>,
    Body(request): Body<Evaluate>,
) -> Answer<EvaluationView> {
    Ok(Json(app.node.evaluate(&model, &request.test_table).await?))
}

/// `GET /api/v1/models/{model}/recommendations/{user}?k=10`
pub(crate) async fn recommend(
    State(app): State<App>,
    Named((model, user)): Named<(String, String)>,
    Params(count): Params<Count>,
) -> Answer<Recommendations> {
    let request = PredictRequest { users: vec![user], k: count.k, version: None };
    let all = recommendations(&app, &model, request)?;
    let first = all.into_iter().next();
    first.map(Json).ok_or_else(|| ApiError::internal("a prediction for one user has no row"))
}

/// `POST /api/v1/models/{model}/predict`
pub(crate) async fn predict(
    State(app): State<App>,
    Named(model): Named<String>,
    Body(request): Body<PredictRequest>,
) -> Answer<Vec<Recommendations>> {
    Ok(Json(recommendations(&app, &model, request)?))
}

fn recommendations(
    app: &App,
    model: &str,
    request: PredictRequest,
) -> Result<Vec<Recommendations>, ApiError> {
    let k = request.k.unwrap_or(ITEMS_DEFAULT);
    let answers = predict::recommend(app, model, request.version, (&request.users, k))?;
    let users = request.users.into_iter();
    Ok(users.zip(answers).map(|(user, answer)| Recommendations { user, answer }).collect())
}

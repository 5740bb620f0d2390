//! Consumer groups.

use axum::{Json, extract::State, http::StatusCode};
use pancake_node::api::{GroupView, ReadFrom};
use serde::Deserialize;

use super::Answer;
use crate::{
    App,
    error::ApiError,
    extract::{Body, Named},
};

/// Where an empty group is to go on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reset {
    topic: String,
    to: ReadFrom,
}

/// `GET /api/v1/groups`
pub(crate) async fn list(State(app): State<App>) -> Json<Vec<GroupView>> {
    Json(app.node.groups())
}

/// `GET /api/v1/groups/{group}`
pub(crate) async fn show(State(app): State<App>, Named(group): Named<String>) -> Answer<GroupView> {
    Ok(Json(app.node.group(&group)?))
}

/// `DELETE /api/v1/groups/{group}`
pub(crate) async fn delete(
    State(app): State<App>,
    Named(group): Named<String>,
) -> Result<StatusCode, ApiError> {
    app.node.delete_group(&group).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/groups/{group}/reset`
pub(crate) async fn reset(
    State(app): State<App>,
    Named(group): Named<String>,
    Body(reset): Body<Reset>,
) -> Answer<GroupView> {
    Ok(Json(app.node.reset_group(&group, &reset.topic, reset.to).await?))
}

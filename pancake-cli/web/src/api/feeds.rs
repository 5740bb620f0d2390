//! Generators with a clock that can be held.

use axum::{Json, extract::State, http::StatusCode};
use pancake_node::api::{FeedSpec, FeedView, PlayRequest};
use serde::Deserialize;

use super::Answer;
use crate::{
    App,
    error::ApiError,
    extract::{Body, Named},
};

/// How many events to let through.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    #[serde(default = "one")]
    events: u64,
}

fn one() -> u64 {
    1
}

/// `GET /api/v1/feeds`
pub(crate) async fn list(State(app): State<App>) -> Json<Vec<FeedView>> {
    Json(app.node.feeds())
}

/// `POST /api/v1/feeds`
pub(crate) async fn create(
    State(app): State<App>,
    Body(spec): Body<FeedSpec>,
) -> Result<(StatusCode, Json<FeedView>), ApiError> {
    Ok((StatusCode::CREATED, Json(app.node.create_feed(spec).await?)))
}

/// `GET /api/v1/feeds/{feed}`
pub(crate) async fn show(State(app): State<App>, Named(feed): Named<String>) -> Answer<FeedView> {
    Ok(Json(app.node.feed(&feed)?))
}

/// `DELETE /api/v1/feeds/{feed}`
pub(crate) async fn delete(
    State(app): State<App>,
    Named(feed): Named<String>,
) -> Result<StatusCode, ApiError> {
    app.node.delete_feed(&feed).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/feeds/{feed}/play`
pub(crate) async fn play(
    State(app): State<App>,
    Named(feed): Named<String>,
    Body(request): Body<PlayRequest>,
) -> Answer<FeedView> {
    Ok(Json(app.node.play_feed(&feed, request).await?))
}

/// `POST /api/v1/feeds/{feed}/step`
pub(crate) async fn step(
    State(app): State<App>,
    Named(feed): Named<String>,
    Body(step): Body<Step>,
) -> Answer<FeedView> {
    let request = PlayRequest { events: Some(step.events), ..PlayRequest::default() };
    Ok(Json(app.node.play_feed(&feed, request).await?))
}

/// `POST /api/v1/feeds/{feed}/pause`
pub(crate) async fn pause(State(app): State<App>, Named(feed): Named<String>) -> Answer<FeedView> {
    Ok(Json(app.node.pause_feed(&feed).await?))
}

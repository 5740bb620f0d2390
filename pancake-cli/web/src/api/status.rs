//! The program as a whole: how it is, and its end.

use axum::{Json, extract::State, http::StatusCode};
use pancake_node::api::NodeView;
use serde_json::{Value, json};

use crate::App;

/// `GET /api/v1/status`
pub(crate) async fn show(State(app): State<App>) -> Json<NodeView> {
    Json(app.node.view())
}

/// `POST /api/v1/shutdown`: asks for a clean stop and answers before it begins.
pub(crate) async fn shutdown(State(app): State<App>) -> (StatusCode, Json<Value>) {
    app.node.request_shutdown();
    (StatusCode::ACCEPTED, Json(json!({ "stopping": true })))
}

/// `GET /healthz`
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

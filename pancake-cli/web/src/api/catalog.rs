//! Tables and views.

use axum::{Json, extract::State};
use pancake_node::api::TableView;

use crate::App;

/// `GET /api/v1/catalog`
pub(crate) async fn list(State(app): State<App>) -> Json<Vec<TableView>> {
    Json(app.node.tables())
}

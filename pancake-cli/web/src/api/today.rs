//! What the first page shows, in one answer.

use axum::{Json, extract::State};

use super::{Answer, lab_pages, labs, services};
use crate::{App, views::TodayView};

/// `GET /api/v1/today`
pub(crate) async fn show(State(app): State<App>) -> Answer<TodayView> {
    let Json(labs) = labs::look(&app, lab_pages::cards).await?;
    Ok(Json(TodayView { labs, services: services::cards(&app) }))
}

//! Streaming jobs.

use axum::{Json, extract::State, http::StatusCode};
use pancake_node::api::{JobDetail, JobView, SqlEvent, SqlRequest};
use serde::{Deserialize, Serialize};

use super::Answer;
use crate::{
    App,
    error::ApiError,
    extract::{Body, Named},
    views::JobCard,
};

/// Statements whose INSERTs are to go on as jobs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Submit {
    sql: String,
}

/// A job that was begun.
#[derive(Debug, Serialize)]
pub(crate) struct Begun {
    id: String,
    name: String,
}

/// `GET /api/v1/jobs`
pub(crate) async fn list(State(app): State<App>) -> Json<Vec<JobView>> {
    Json(app.node.jobs())
}

/// `GET /api/v1/jobs/{job}`
pub(crate) async fn show(State(app): State<App>, Named(job): Named<String>) -> Answer<JobDetail> {
    Ok(Json(app.node.job(&job)?))
}

/// `POST /api/v1/jobs`: runs the statements and names the jobs that they began.
pub(crate) async fn submit(
    State(app): State<App>,
    Body(Submit { sql }): Body<Submit>,
) -> Result<(StatusCode, Json<Vec<Begun>>), ApiError> {
    let mut events = app.node.sql(SqlRequest { sql, streaming: true, max_rows: Some(0) });
    let mut begun = Vec::new();
    while let Some(event) = events.recv().await {
        match event {
            SqlEvent::Job { id, name, .. } => begun.push(Begun { id, name }),
            SqlEvent::Error { error, .. } => return Err(error.into()),
            SqlEvent::Done { .. }
            | SqlEvent::Columns { .. }
            | SqlEvent::Rows { .. }
            | SqlEvent::End { .. } => {}
        }
    }
    if begun.is_empty() {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "no_job",
            "no statement of this text goes on as a job",
        )
        .hint("an INSERT INTO … SELECT over a topic makes one"));
    }
    Ok((StatusCode::CREATED, Json(begun)))
}

/// `POST /api/v1/jobs/{job}/stop`
pub(crate) async fn stop(State(app): State<App>, Named(job): Named<String>) -> Answer<JobView> {
    Ok(Json(app.node.stop_job(&job).await?))
}

/// The jobs as the pages show them.
pub(crate) fn cards(app: &App) -> Vec<JobCard> {
    let card = |job: JobView| JobCard {
        id: job.id,
        name: job.name,
        state: job.state,
        error: job.error,
        rows_in: job.rows_in,
        rows_out: job.rows_out,
        late_rows: job.late_rows,
        watermark: job.watermark,
    };
    app.node.jobs().into_iter().map(card).collect()
}

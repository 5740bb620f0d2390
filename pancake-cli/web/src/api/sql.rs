//! Statements, answered line by line: each line is one event, the last is `end` or `error`.
//!
//! * The answer begins before the statements end, so a refused statement is an `error` line and not a status.
//! * A client that goes away ends its running SELECT: the engine's sender finds nobody to send to.

use axum::{
    body::{Body as HttpBody, Bytes},
    extract::State,
    http::{HeaderValue, header},
    response::Response,
};
use futures_util::stream;
use pancake_node::{
    NodeError,
    api::{SqlEvent, SqlRequest},
};

use crate::{App, extract::Body};

/// `POST /api/v1/sql`
pub(crate) async fn run(State(app): State<App>, Body(request): Body<SqlRequest>) -> Response {
    let events = app.node.sql(request);
    let lines = stream::unfold((app, events), |(app, mut events)| async move {
        let event = tokio::select! {
            () = app.shutdown.cancelled() => return None,
            event = events.recv() => event?,
        };
        Some((line(&event), (app, events)))
    });
    let mut response = Response::new(HttpBody::from_stream(lines));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    response
}

fn line(event: &SqlEvent) -> Result<Bytes, serde_json::Error> {
    if let SqlEvent::Error {
        error: NodeError { kind: pancake_node::ErrorKind::Internal, message, .. },
        ..
    } = event
    {
        tracing::error!(cause = %message, "a statement failed");
    }
    let mut text = serde_json::to_vec(event)?;
    text.push(b'\n');
    Ok(text.into())
}

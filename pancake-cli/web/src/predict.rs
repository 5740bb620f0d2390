//! Asking a served model: the one way in for the API and for the inference protocol, counted and timed.

use std::time::Duration;

use axum::http::StatusCode;
use pancake_node::NodeError;

use crate::{App, error::ApiError};

/// Users in one request.
pub(crate) const USERS_MAX: usize = 1_024;
/// Items per user.
pub(crate) const ITEMS_MAX: usize = 1_000;

/// A question to a model.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) model: String,
    /// A version, if it has to be that one.
    pub(crate) version: Option<u32>,
    pub(crate) users: Vec<String>,
    pub(crate) k: usize,
}

/// What a model answers, all of it by one version and one state of its parameters.
#[derive(Clone, Debug)]
pub(crate) struct Predicted {
    pub(crate) version: u32,
    pub(crate) params_offset: u64,
    pub(crate) rows: Vec<Row>,
}

/// Items for one user, best first.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) cold_start: bool,
    pub(crate) items: Vec<(String, f32)>,
}

/// Asks, counts and times.
pub(crate) fn ask(app: &App, ask: &Ask) -> Result<Predicted, ApiError> {
    let began = app.clock.monotonic();
    let answer = check(ask).and_then(|()| predict(app, ask));
    let took: Duration = app.clock.monotonic().saturating_sub(began);
    let (version, code) = match &answer {
        Ok(predicted) => (predicted.version, 200),
        Err(error) => (0, error.status.as_u16()),
    };
    // A name that no model has must not become a label: anybody can make up names.
    let model = if code == StatusCode::NOT_FOUND.as_u16() { "unknown" } else { &ask.model };
    app.measures.inferred(model, version, code, took);
    answer
}

fn check(ask: &Ask) -> Result<(), ApiError> {
    let refuse =
        |message: String| Err(ApiError::new(StatusCode::BAD_REQUEST, "bad_question", message));
    if ask.users.is_empty() || ask.users.len() > USERS_MAX {
        return refuse(format!(
            "{} users; 1 to {USERS_MAX} can be asked for at once",
            ask.users.len()
        ));
    }
    if ask.k == 0 || ask.k > ITEMS_MAX {
        return refuse(format!("k is {}; 1 to {ITEMS_MAX} items can be asked for", ask.k));
    }
    Ok(())
}

fn predict(_app: &App, ask: &Ask) -> Result<Predicted, ApiError> {
    Err(NodeError::not_found("unknown_model", format!("no model is named `{}`", ask.model)).into())
}

//! Asking a served model: every answer is counted and timed, whichever way it was asked for.

use axum::http::StatusCode;
use pancake_serving::{Answer, PredictError, USERS_MAX, Version};

use crate::{App, error::ApiError};

/// The label of an answer that no version gave.
pub(crate) const NO_VERSION: u32 = 0;

/// Answers for some users, all from one version at one moment.
pub(crate) fn recommend(
    app: &App,
    model: &str,
    version: Option<u32>,
    (users, k): (&[String], usize),
) -> Result<Vec<Answer>, ApiError> {
    timed(app, model, || {
        if users.is_empty() || users.len() > USERS_MAX {
            let message =
                format!("{} users; 1 to {USERS_MAX} can be asked for at once", users.len());
            return Err(ApiError::new(StatusCode::BAD_REQUEST, "bad_users", message));
        }
        let recommender = app.node.recommender(model)?;
        let answers = recommender.recommend_all(users, k, version.map(Version::new))?;
        let version = answers.first().map_or(NO_VERSION, |answer| answer.version.get());
        Ok((version, answers))
    })
}

/// Counts and times an answer by the version that gave it.
pub(crate) fn timed<T>(
    app: &App,
    model: &str,
    ask: impl FnOnce() -> Result<(u32, T), ApiError>,
) -> Result<T, ApiError> {
    let began = app.clock.monotonic();
    let answer = ask();
    let took = app.clock.monotonic().saturating_sub(began);
    let (version, code) = match &answer {
        Ok((version, _)) => (*version, StatusCode::OK),
        Err(error) => (NO_VERSION, error.status),
    };
    // A name that no model has must not become a label: anybody can make up names.
    let model = if code == StatusCode::NOT_FOUND { "unknown" } else { model };
    app.measures.inferred(model, version, code.as_u16(), took);
    answer.map(|(_, answer)| answer)
}

impl From<PredictError> for ApiError {
    fn from(error: PredictError) -> Self {
        let message = error.to_string();
        match error {
            PredictError::NotServing { model } => {
                Self::new(StatusCode::NOT_FOUND, "not_served", message)
                    .hint(format!("deploy a version: `pancake model deploy {model}`"))
            }
            PredictError::OtherVersion { .. } => {
                Self::new(StatusCode::NOT_FOUND, "other_version", message)
            }
            PredictError::K { .. } => Self::new(StatusCode::BAD_REQUEST, "bad_k", message),
        }
    }
}

//! An error as a client sees it, kept apart from what the log records.
//!
//! * The client gets `{code, message, hint, at}`; a fault of ours is told as such, and its cause stays in the log.
//! * Nothing of a request's headers is ever logged.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use pancake_node::{At, ErrorKind, NodeError};
use serde::Serialize;

/// The body of every refusal under `/api/v1`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ErrorBody {
    /// Stable word for programs.
    pub(crate) code: String,
    /// What happened, with the names and numbers of this case.
    pub(crate) message: String,
    /// What to do or type next.
    pub(crate) hint: Option<String>,
    /// Where in the user's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<At>,
}

/// A refusal.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) body: Box<ErrorBody>,
    /// What only the log may know.
    cause: Option<String>,
}

impl ApiError {
    /// A refusal whose words the client may see.
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        let body =
            ErrorBody { code: code.to_owned(), message: message.into(), hint: None, at: None };
        Self { status, body: Box::new(body), cause: None }
    }

    /// A fault of ours: the client learns that it is one, the log learns the cause.
    pub(crate) fn internal(cause: impl Into<String>) -> Self {
        let mut error = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something inside the server failed. This is our fault.",
        )
        .hint("the terminal that runs `pancake up` shows the cause");
        error.cause = Some(cause.into());
        error
    }

    /// Adds what to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.body.hint = Some(hint.into());
        self
    }
}

impl From<NodeError> for ApiError {
    fn from(error: NodeError) -> Self {
        let status = match error.kind {
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Invalid => StatusCode::BAD_REQUEST,
            ErrorKind::Conflict => StatusCode::CONFLICT,
            ErrorKind::Forbidden => StatusCode::FORBIDDEN,
            ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Internal => return Self::internal(error.message),
        };
        let NodeError { code, message, hint, at, .. } = error;
        let body = Box::new(ErrorBody { code, message, hint, at });
        Self { status, body, cause: None }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let Some(cause) = &self.cause {
            tracing::error!(code = self.body.code, %cause, "a request failed");
        }
        (self.status, Json(self.body)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_stays_with_us_and_the_users_fault_is_told_in_full() {
        let ours = ApiError::from(NodeError::internal("disk sector 7"));
        assert_eq!(ours.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!ours.body.message.contains("sector"));
        let theirs =
            NodeError::invalid("bad_sql", "no column `x`").at(4, 9).hint("did you mean `y`?");
        let theirs = ApiError::from(theirs);
        assert_eq!(theirs.status, StatusCode::BAD_REQUEST);
        let body = serde_json::to_value(&theirs.body).unwrap();
        assert_eq!(body["at"], serde_json::json!({"line": 4, "col": 9}));
        assert_eq!(body["hint"], "did you mean `y`?");
    }
}

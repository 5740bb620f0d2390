//! Signing in and out: a login token becomes a session cookie, once.

use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Answer;
use crate::{
    App,
    error::ApiError,
    extract::Body,
    gate::Who,
    sessions::{SESSION_SECONDS_MAX, SessionError},
    views::MeView,
};

/// Alone on a laptop.
pub(crate) const ATTENDEE: &str = "me";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    token: String,
}

/// `POST /api/v1/session`: exchanges a login token for a session cookie.
pub(crate) async fn begin(
    State(app): State<App>,
    Body(shown): Body<SignIn>,
) -> Result<Response, ApiError> {
    let keeper = app.clone();
    let session = blocking(move || keeper.sessions.login(&shown.token, keeper.clock.now())).await?;
    let Some(session) = session else {
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "used_token",
            "This link was used before, or it belongs to an earlier start of the server.",
        )
        .hint("type `pancake open` for a fresh one"));
    };
    let cookie = cookie(&app, session.reveal(), SESSION_SECONDS_MAX)?;
    Ok(([(header::SET_COOKIE, cookie)], Json(me_view())).into_response())
}

/// `DELETE /api/v1/session`: ends the session of this browser, everywhere.
pub(crate) async fn end(
    State(app): State<App>,
    Extension(who): Extension<Who>,
) -> Result<Response, ApiError> {
    if let Who::Session(digest) = who {
        let keeper = app.clone();
        blocking(move || keeper.sessions.end(&digest)).await?;
    }
    let cookie = cookie(&app, "", 0)?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// `GET /api/v1/me`
pub(crate) async fn me() -> Json<MeView> {
    Json(me_view())
}

/// `POST /api/v1/open`: a fresh link that signs a browser in, once. Only for who holds the API token: a page must
/// not be able to mint what outlives its session.
pub(crate) async fn open(State(app): State<App>, Extension(who): Extension<Who>) -> Answer<Value> {
    if who != Who::Bearer {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "token_needed",
            "a sign-in link is made with the API token only",
        )
        .hint("type `pancake open`"));
    }
    let url = app.login_url().map_err(|e| ApiError::internal(e.to_string()))?;
    Ok(Json(json!({ "url": url })))
}

fn me_view() -> MeView {
    MeView { attendee: ATTENDEE.to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
}

fn cookie(app: &App, value: &str, seconds: i64) -> Result<HeaderValue, ApiError> {
    let name = app.cookie_name();
    let text = format!("{name}={value}; HttpOnly; SameSite=Lax; Path=/; Max-Age={seconds}");
    HeaderValue::try_from(text).map_err(|e| ApiError::internal(e.to_string()))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SessionError> + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| ApiError::internal(e.to_string()))?
        .map_err(|e| ApiError::internal(format!("{e:?}")))
}

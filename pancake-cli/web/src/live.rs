//! The live connection: one stream of numbered frames per tab, over a WebSocket or as server-sent events.
//!
//! * Numbers rise over all channels and never fall, also over a restart, so `from` means the same for ever.
//! * A follower pulls from the hub's bounded rings; nobody has a queue of their own, so a slow reader costs nothing.
//!   Who falls behind a ring gets `gap` and then the whole state.
//! * A channel that shows a state keeps only the newest frame.
//!
//! Start reading at [`hub::Hub`].

mod events;
mod follower;
pub(crate) mod hub;
pub(crate) mod pump;
mod socket;

use axum::{
    extract::{
        Extension, Request, State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::header,
    response::{IntoResponse as _, Response},
};

use crate::{App, error::ApiError, gate::Who};

/// Largest message that a client may send.
pub(crate) const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// `GET /api/v1/live`: a socket if an upgrade is asked for, else server-sent events.
pub(crate) async fn live(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    let seat = app.hub.seat().ok_or_else(|| {
        ApiError::new(
            axum::http::StatusCode::SERVICE_UNAVAILABLE,
            "live_full",
            format!("{} live connections are open, and no more fit", hub::SEATS_MAX),
        )
        .hint("close tabs that are not needed")
    })?;
    if request.headers().contains_key(header::UPGRADE) {
        return Ok(match upgrade {
            Ok(upgrade) => upgrade
                .max_message_size(MESSAGE_BYTES_MAX)
                .max_frame_size(MESSAGE_BYTES_MAX)
                .on_upgrade(move |socket| socket::converse(socket, app, who, seat)),
            Err(rejection) => rejection.into_response(),
        });
    }
    events::stream(&app, &request, seat)
}

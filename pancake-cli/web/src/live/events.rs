//! The live connection as server-sent events, for curl and scripts: the same frames, `id:` is the number.
//!
//! * `?ch=me,services` names the channels; `Last-Event-ID` resumes all of them, since numbers rise over all channels.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::Request,
    http::StatusCode,
    response::{
        IntoResponse as _, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream::{self, Stream};

use super::{
    follower::Follower,
    hub::{Frame, Name, Seat},
};
use crate::{App, error::ApiError};

const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Answers with an endless stream of frames.
pub(super) fn stream(app: &App, request: &Request, seat: Seat) -> Result<Response, ApiError> {
    let names = channels(request.uri().query().unwrap_or_default())?;
    let seen = request
        .headers()
        .get("last-event-id")
        .and_then(|id| id.to_str().ok())
        .and_then(|id| id.parse().ok());
    let mut follower = Follower::new(Arc::clone(&app.hub));
    for name in names {
        follower.follow(name, seen);
    }
    let events = frames(app.clone(), follower, seat);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

/// The channels of `ch=a,b` or `ch=a&ch=b`.
fn channels(query: &str) -> Result<Vec<Name>, ApiError> {
    let names: Result<Vec<Name>, _> = query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("ch="))
        .flat_map(|names| names.split(','))
        .map(str::parse)
        .collect();
    let names = names
        .map_err(|e| ApiError::new(StatusCode::BAD_REQUEST, "unknown_channel", e.to_string()))?;
    if names.is_empty() {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "no_channel",
            "name a channel to follow",
        )
        .hint("/api/v1/live?ch=me,services,jobs"));
    }
    Ok(names)
}

fn frames(
    app: App,
    follower: Follower,
    seat: Seat,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let changes = app.hub.changes();
    let start = (app, follower, changes, Vec::<Frame>::new().into_iter(), seat);
    stream::unfold(start, |(app, mut follower, mut changes, mut ready, seat)| async move {
        loop {
            if let Some(frame) = ready.next() {
                let event = Event::default().id(frame.seq.to_string()).data(frame.text.as_ref());
                return Some((Ok(event), (app, follower, changes, ready, seat)));
            }
            ready = follower.read().into_iter();
            if ready.len() > 0 {
                continue;
            }
            tokio::select! {
                () = app.shutdown.cancelled() => return None,
                said = changes.changed() => said.ok()?,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_named_in_either_way() {
        assert_eq!(channels("ch=me,jobs").unwrap(), [Name::Me, Name::Jobs]);
        assert_eq!(channels("ch=me&ch=services").unwrap(), [Name::Me, Name::Services]);
        assert_eq!(channels("").unwrap_err().body.code, "no_channel");
        assert_eq!(channels("ch=topic/x").unwrap_err().body.code, "unknown_channel");
    }
}

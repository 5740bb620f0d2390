//! A WebSocket of the live connection.
//!
//! * A client subscribes with `{op: "sub", ch, from?}`, leaves with `{op: "unsub", ch}`, measures with `{op: "ping"}`.
//! * A session that ends closes its sockets within [`LOOK_EVERY`].

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use serde::Deserialize;
use serde_json::json;

use super::{
    follower::Follower,
    hub::{Name, Seat},
};
use crate::{App, gate::Who};

/// How often the peer is asked whether it is there, and the session whether it lasts.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// A peer that takes nothing for so long is gone.
const SEND_WAIT_MAX: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Op {
    Sub {
        ch: String,
        #[serde(default)]
        from: Option<u64>,
    },
    Unsub {
        ch: String,
    },
    Ping,
}

/// Why a conversation ends.
enum End {
    /// The peer went away or said something that is no message.
    Gone,
    /// We close, and say why.
    Close(u16, &'static str),
}

/// Serves one socket until either side ends it.
pub(super) async fn converse(mut socket: WebSocket, app: App, who: Who, _seat: Seat) {
    if let End::Close(code, reason) = follow(&mut socket, &app, &who).await {
        let frame = CloseFrame { code, reason: reason.into() };
        // The peer may be gone already; there is nobody left to tell.
        drop(socket.send(Message::Close(Some(frame))).await);
    }
}

async fn follow(socket: &mut WebSocket, app: &App, who: &Who) -> End {
    let mut follower = Follower::new(std::sync::Arc::clone(&app.hub));
    let mut changes = app.hub.changes();
    let mut look = tokio::time::interval(LOOK_EVERY);
    let mut heard = true;
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return End::Close(close_code::AWAY, "the server stops"),
            message = socket.recv() => {
                let Some(Ok(message)) = message else { return End::Gone };
                heard = true;
                if let Err(end) = answer(socket, &mut follower, message).await {
                    return end;
                }
            }
            _ = changes.changed() => {}
            _ = look.tick() => {
                if !heard {
                    return End::Gone;
                }
                if !app.still_known(who) {
                    return End::Close(close_code::POLICY, "the session has ended");
                }
                heard = false;
                if let Err(end) = send(socket, Message::Ping(bytes::Bytes::new())).await {
                    return end;
                }
            }
        }
        for frame in follower.read() {
            if let Err(end) = send(socket, Message::Text(frame.text.as_ref().into())).await {
                return end;
            }
        }
    }
}

async fn answer(
    socket: &mut WebSocket,
    follower: &mut Follower,
    message: Message,
) -> Result<(), End> {
    let text = match message {
        Message::Text(text) => text,
        Message::Close(_) => return Err(End::Gone),
        Message::Binary(_) => {
            return Err(End::Close(close_code::UNSUPPORTED, "only text is understood"));
        }
        Message::Ping(_) | Message::Pong(_) => return Ok(()),
    };
    let reply = match serde_json::from_str::<Op>(&text) {
        Ok(Op::Ping) => json!({ "t": "pong" }),
        Ok(Op::Sub { ch, from }) => match ch.parse::<Name>() {
            Ok(name) => {
                follower.follow(name, from);
                return Ok(());
            }
            Err(unknown) => json!({ "ch": ch, "t": "error", "message": unknown.to_string() }),
        },
        Ok(Op::Unsub { ch }) => {
            if let Ok(name) = ch.parse() {
                follower.leave(name);
            }
            return Ok(());
        }
        Err(error) => json!({ "t": "error", "message": error.to_string() }),
    };
    send(socket, Message::Text(reply.to_string().into())).await
}

async fn send(socket: &mut WebSocket, message: Message) -> Result<(), End> {
    match tokio::time::timeout(SEND_WAIT_MAX, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(End::Gone),
    }
}

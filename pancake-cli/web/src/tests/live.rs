//! The live connection over real sockets.

use std::{net::TcpStream, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tungstenite::{Message, WebSocket, client::IntoClientRequest as _};

use crate::{
    Web,
    live::hub::Name,
    testing::{TOKEN, open_web},
};

/// A web that listens, until it is dropped.
struct Served {
    port: u16,
    web: Web,
    shutdown: CancellationToken,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
    _home: TempDir,
}

async fn serve() -> Served {
    let home = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let web = open_web(&home, port).await;
    let shutdown = CancellationToken::new();
    #[allow(clippy::disallowed_methods, reason = "the test awaits the task itself")]
    let task = tokio::spawn(crate::serve(vec![listener], web.clone(), shutdown.clone()));
    Served { port, web, shutdown, task, _home: home }
}

type Socket = WebSocket<TcpStream>;

impl Served {
    /// Opens a socket in the way of a program, on a thread that may block.
    async fn with_socket<T: Send + 'static>(
        &self,
        talk: impl FnOnce(&mut Socket) -> T + Send + 'static,
    ) -> T {
        let port = self.port;
        let talk = move || {
            let mut request =
                format!("ws://localhost:{port}/api/v1/live").into_client_request().unwrap();
            let token = format!("Bearer {TOKEN}").parse().unwrap();
            request.headers_mut().insert("authorization", token);
            let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            let (mut socket, _) = tungstenite::client(request, stream).unwrap();
            talk(&mut socket)
        };
        tokio::task::spawn_blocking(talk).await.unwrap()
    }
}

fn say(socket: &mut Socket, value: &Value) {
    socket.send(Message::text(value.to_string())).unwrap();
}

fn hear(socket: &mut Socket) -> Value {
    loop {
        if let Message::Text(text) = socket.read().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_gets_the_whole_and_resumes_without_loss() {
    let served = serve().await;
    let seq = served
        .with_socket(|socket| {
            say(socket, &json!({"op": "sub", "ch": "me"}));
            let whole = hear(socket);
            assert_eq!((&whole["ch"], &whole["t"]), (&json!("me"), &json!("labs")));
            assert_eq!(whole["data"][0]["id"], "01-capital");
            whole["seq"].as_u64().unwrap()
        })
        .await;
    let hub = Arc::clone(&served.web.app().hub);
    hub.publish_items(Name::Me, ("lab", "labs"), &[1]);
    hub.publish_items(Name::Me, ("lab", "labs"), &[2]);
    served
        .with_socket(move |socket| {
            say(socket, &json!({"op": "sub", "ch": "me", "from": seq}));
            let (first, second) = (hear(socket), hear(socket));
            assert_eq!((&first["t"], &first["data"]), (&json!("lab"), &json!(1)));
            assert_eq!((&second["t"], &second["data"]), (&json!("lab"), &json!(2)));
            assert!(seq < first["seq"].as_u64().unwrap());
            assert!(first["seq"].as_u64() < second["seq"].as_u64());
        })
        .await;
    served
        .with_socket(|socket| {
            say(socket, &json!({"op": "sub", "ch": "me", "from": 7}));
            assert_eq!(hear(socket)["t"], "gap");
            assert_eq!(hear(socket)["t"], "labs");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_understood_is_told_and_the_socket_lives_on() {
    let served = serve().await;
    served
        .with_socket(|socket| {
            say(socket, &json!({"op": "dance"}));
            assert_eq!(hear(socket)["t"], "error");
            say(socket, &json!({"op": "sub", "ch": "topic/x"}));
            let unknown = hear(socket);
            assert_eq!((&unknown["t"], &unknown["ch"]), (&json!("error"), &json!("topic/x")));
            say(socket, &json!({"op": "ping"}));
            assert_eq!(hear(socket), json!({"t": "pong"}));
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_beyond_the_bound_ends_the_socket() {
    let served = serve().await;
    served
        .with_socket(|socket| {
            let long = "x".repeat(crate::live::MESSAGE_BYTES_MAX + 1);
            // The server may be gone before all of it is sent.
            drop(socket.send(Message::text(long)));
            let mut last = socket.read();
            while let Ok(Message::Ping(_) | Message::Text(_)) = last {
                last = socket.read();
            }
            assert!(!matches!(last, Ok(Message::Text(_))), "{last:?}");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_frames_come_as_events_and_a_stop_ends_them() {
    let served = serve().await;
    let port = served.port;
    let read = tokio::task::spawn_blocking(move || {
        use std::io::{BufRead as _, BufReader};
        let url = format!("http://127.0.0.1:{port}/api/v1/live?ch=me");
        let answer =
            ureq::get(&url).header("authorization", format!("Bearer {TOKEN}")).call().unwrap();
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let lines = BufReader::new(answer.into_body().into_reader()).lines();
        let mut seen = Vec::new();
        for line in lines.map_while(Result::ok).filter(|line| !line.is_empty()) {
            seen.push(line);
            if seen.len() == 2 {
                return seen;
            }
        }
        seen
    });
    let seen = read.await.unwrap();
    let id = seen.iter().find_map(|line| line.strip_prefix("id: ")).unwrap();
    let data = seen.iter().find_map(|line| line.strip_prefix("data: ")).unwrap();
    let frame: Value = serde_json::from_str(data).unwrap();
    assert_eq!(frame["seq"].to_string(), id);
    assert_eq!(frame["t"], "labs");
    served.shutdown.cancel();
    served.task.await.unwrap().unwrap();
}

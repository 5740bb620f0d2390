//! A web over an engine of its own, for the tests of this crate.

mod desk;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Method, Request, StatusCode, header},
};
use pancake_node::{Home, Node, NodeOptions};
use pancake_types::SystemClock;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::{Secret, Web, WebOptions};

/// Port that the tests' requests name; nothing listens.
pub(crate) const PORT: u16 = 7070;
/// The API token.
pub(crate) const TOKEN: &str = "token-of-the-test";

/// A web and the home it lives in.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) web: Web,
    pub(crate) router: Router,
    _home: TempDir,
}

impl Bench {
    /// Opens an engine on a fresh home, with one lab.
    pub(crate) async fn open() -> Self {
        let home = tempfile::tempdir().unwrap();
        let web = open_web(&home, PORT).await;
        Self { router: crate::app(&web), web, _home: home }
    }

    /// Sends one request.
    pub(crate) async fn send(&self, ask: Ask) -> Reply {
        let response = self.router.clone().oneshot(ask.build()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let text = String::from_utf8_lossy(&body).into_owned();
        Reply { status: parts.status, headers: parts.headers, json, text }
    }
}

/// Opens a web over a fresh engine.
pub(crate) async fn open_web(home: &TempDir, port: u16) -> Web {
    let options = WebOptions {
        node: open_node(home).await,
        workshop: Arc::new(desk::workshop()),
        home: home.path().to_owned(),
        port,
        api_token: Secret::of(TOKEN),
        clock: Arc::new(SystemClock::new()),
    };
    Web::open(options).unwrap()
}

async fn open_node(home: &TempDir) -> Node {
    let options = NodeOptions {
        clock: Arc::new(SystemClock::new()),
        kafka: "localhost:9092".to_owned(),
        process_start: Duration::ZERO,
        partitions: 1,
        auto_create: true,
        checkpoint_interval: Duration::from_secs(10),
        query_memory_bytes: 64 << 20,
    };
    Node::open(Home::open(home.path()).unwrap(), options, Vec::new()).await.unwrap()
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) json: Value,
    pub(crate) text: String,
}

/// A request to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    method: Method,
    path: String,
    headers: Vec<(header::HeaderName, String)>,
    body: Option<Value>,
}

impl Ask {
    pub(crate) fn new(method: Method, path: &str) -> Self {
        let host = (header::HOST, format!("localhost:{PORT}"));
        Self { method, path: path.to_owned(), headers: vec![host], body: None }
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn post(path: &str, body: Value) -> Self {
        let mut ask = Self::new(Method::POST, path);
        ask.body = Some(body);
        ask.with(header::CONTENT_TYPE, "application/json")
    }

    /// Sets a header, instead of one of that name that is there.
    pub(crate) fn with(mut self, name: header::HeaderName, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn bearer(self) -> Self {
        self.with(header::AUTHORIZATION, &format!("Bearer {TOKEN}"))
    }

    /// As a page of our own sends it.
    pub(crate) fn on_page(self, session: &str) -> Self {
        self.with(header::ORIGIN, &format!("http://localhost:{PORT}"))
            .with(header::COOKIE, &format!("other=1; pancake_{PORT}={session}"))
    }

    fn build(self) -> Request<Body> {
        let body = self.body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let mut request = Request::new(body);
        *request.method_mut() = self.method;
        *request.uri_mut() = self.path.parse().unwrap();
        for (name, value) in self.headers {
            request.headers_mut().append(name, HeaderValue::try_from(value).unwrap());
        }
        request
    }
}

//! The labs' world over the running engine: what checks ask, what learners do, where progress is kept.
//!
//! * The lab crate names no engine; this is the only place where its words meet the engine's.
//! * All three traits are synchronous: callers give them a thread that may block.
//! * A learner's mistake is [`WorldError::Refused`]; anything else that goes wrong is ours and is never counted.

mod acts;
mod facts;
mod files;
mod journal;

use std::{path::PathBuf, time::Duration};

use pancake_lab::world::{HttpAnswer, HttpRequest, WorldError, WorldResult};
use pancake_node::{
    ErrorKind, Node, NodeError,
    api::{SqlEvent, SqlRequest},
};
use pancake_types::SystemClock;
use serde_json::Value;
use tokio::{runtime::Handle, sync::mpsc::Receiver};

/// Longest wait for an HTTP answer that a lab asks for.
const HTTP_WAIT_MAX: Duration = Duration::from_secs(10);

/// The engine with what a lab needs around it.
#[derive(Clone, Debug)]
pub(crate) struct Shop {
    pub(crate) node: Node,
    pub(crate) handle: Handle,
    pub(crate) home: PathBuf,
    /// Base of the own server's addresses.
    pub(crate) url: String,
    /// Its API token.
    pub(crate) token: String,
    pub(crate) clock: SystemClock,
}

impl Shop {
    /// Runs a future of the engine to its end on this thread.
    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.handle.block_on(future)
    }

    /// Begins to run statements; what they tell is waited for one by one.
    fn sql(&self, request: SqlRequest) -> Receiver<SqlEvent> {
        let _context = self.handle.enter();
        self.node.sql(request)
    }

    fn call(&self, request: &HttpRequest) -> WorldResult<HttpAnswer> {
        let own = request.url.starts_with('/');
        let url = if own { format!("{}{}", self.url, request.url) } else { request.url.clone() };
        let unavailable = |reason: String| WorldError::Unavailable { what: url.clone(), reason };
        let agent = ureq::Agent::config_builder()
            .proxy(None)
            .http_status_as_error(false)
            .timeout_global(Some(HTTP_WAIT_MAX))
            .build()
            .new_agent();
        let mut call = ureq::http::Request::builder().method(request.method.as_str()).uri(&url);
        if own {
            call = call.header("authorization", format!("Bearer {}", self.token));
        }
        for (name, value) in &request.headers {
            call = call.header(name, value);
        }
        let answer = match &request.body {
            Some(body) => call
                .header("content-type", "application/json")
                .body(body.to_string())
                .map_err(|e| unavailable(e.to_string()))
                .and_then(|c| agent.run(c).map_err(|e| unavailable(e.to_string()))),
            None => call
                .body(())
                .map_err(|e| unavailable(e.to_string()))
                .and_then(|c| agent.run(c).map_err(|e| unavailable(e.to_string()))),
        };
        let mut answer = answer?;
        let text = answer.body_mut().read_to_string().map_err(|e| unavailable(e.to_string()))?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(HttpAnswer { status: answer.status().as_u16(), body })
    }
}

/// The engine's error in the lab's words.
fn world_error(error: NodeError) -> WorldError {
    match error.kind {
        ErrorKind::NotFound | ErrorKind::Invalid | ErrorKind::Conflict | ErrorKind::Forbidden => {
            WorldError::Refused { message: error.message, hint: error.hint }
        }
        ErrorKind::Unavailable | ErrorKind::Internal => {
            WorldError::Unavailable { what: "the engine".to_owned(), reason: error.message }
        }
    }
}

/// Nothing of that name is an answer, not an error.
fn found<T>(result: Result<T, NodeError>) -> WorldResult<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.kind == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(world_error(e)),
    }
}

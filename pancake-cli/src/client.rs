//! The way to the workshop: its HTTP API, over loopback, with the token of `run.json`.
//!
//! * If a workshop runs on the home, commands talk to it; else one is started in this process, on free ports, for as
//!   long as the command lasts. What a command does is the same either way, because it goes through the same API.
//! * Proxies of the environment are never asked for loopback.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    cli::Global,
    config::Config,
    engine::{Engine, Ports},
    failure::{Failure, Outcome},
};

/// Longest answer that is read whole.
const ANSWER_BYTES_MAX: u64 = 256 << 20;

/// What `run.json` says of the running workshop.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Running {
    pub(crate) pid: u32,
    pub(crate) version: String,
    pub(crate) url: String,
    pub(crate) kafka: String,
    pub(crate) token: String,
    pub(crate) started_at: i64,
}

impl Running {
    /// Where the file lies.
    pub(crate) fn path(home: &Path) -> PathBuf {
        home.join("run.json")
    }

    /// The workshop that runs on a home, if one does.
    pub(crate) fn find(home: &Path) -> Option<Self> {
        let text = fs::read_to_string(Self::path(home)).ok()?;
        let running: Self = serde_json::from_str(&text).ok()?;
        let api = Api::of(&running);
        api.agent.get(format!("{}/healthz", running.url)).call().ok()?;
        Some(running)
    }
}

/// The API of one workshop.
#[derive(Debug)]
pub(crate) struct Api {
    agent: ureq::Agent,
    url: String,
    token: String,
    kafka: String,
    /// The workshop of this command's own, stopped when the command ends.
    own: Option<Engine>,
}

#[derive(Deserialize)]
struct ErrorBody {
    code: String,
    message: String,
    hint: Option<String>,
    at: Option<AtBody>,
}

#[derive(Clone, Copy, Deserialize)]
struct AtBody {
    line: u64,
    col: u64,
}

impl Api {
    /// The running workshop, or one of this command's own.
    pub(crate) fn connect(config: &Config, global: &Global) -> Outcome<Self> {
        if let Some(running) = Running::find(&config.home) {
            return Ok(Self::of(&running));
        }
        let engine = Engine::start(config, global, Ports::free())?;
        let mut api = Self::of(engine.running());
        api.own = Some(engine);
        Ok(api)
    }

    /// The API of a workshop that is known to run.
    pub(crate) fn of(running: &Running) -> Self {
        let agent = ureq::Agent::config_builder()
            .proxy(None)
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(2)))
            .build()
            .new_agent();
        Self {
            agent,
            url: running.url.clone(),
            token: running.token.clone(),
            kafka: running.kafka.clone(),
            own: None,
        }
    }

    /// `host:port` of the log's Kafka listener.
    pub(crate) fn kafka(&self) -> &str {
        &self.kafka
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Outcome<T> {
        let request = self.agent.get(self.address(path)).header("authorization", self.bearer());
        read(request.call().map_err(gone)?)
    }

    pub(crate) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Outcome<T> {
        let request = self.agent.post(self.address(path)).header("authorization", self.bearer());
        read(request.send_json(body).map_err(gone)?)
    }

    /// Posts, and gives each line of the answer as it comes.
    pub(crate) fn stream(
        &self,
        path: &str,
        body: &impl Serialize,
        mut each: impl FnMut(Value) -> Outcome<()>,
    ) -> Outcome<()> {
        let request = self.agent.post(self.address(path)).header("authorization", self.bearer());
        let mut answer = request.send_json(body).map_err(gone)?;
        if !answer.status().is_success() {
            return Err(refused(&mut answer));
        }
        for line in BufReader::new(answer.into_body().into_reader()).lines() {
            let line = line?;
            if !line.trim().is_empty() {
                each(serde_json::from_str(&line)?)?;
            }
        }
        Ok(())
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }
}

fn read<T: DeserializeOwned>(mut answer: ureq::http::Response<ureq::Body>) -> Outcome<T> {
    if !answer.status().is_success() {
        return Err(refused(&mut answer));
    }
    let mut text = String::new();
    answer.body_mut().as_reader().take(ANSWER_BYTES_MAX).read_to_string(&mut text)?;
    let text = if text.trim().is_empty() { "null" } else { &text };
    Ok(serde_json::from_str(text)?)
}

fn refused(answer: &mut ureq::http::Response<ureq::Body>) -> Failure {
    let status = answer.status().as_u16();
    let text = answer.body_mut().read_to_string().unwrap_or_default();
    let Ok(body) = serde_json::from_str::<ErrorBody>(&text) else {
        return Failure::bug(format!("the workshop answered {status}: {text}"));
    };
    let mut failure = match status {
        500 => Failure::bug(body.message),
        502..=504 | 507 => Failure::environment(&body.code, body.message),
        _ => Failure::user(&body.code, body.message),
    };
    failure.hint = body.hint;
    failure.at = body.at.map(|at| (at.line, at.col));
    failure
}

fn gone(error: ureq::Error) -> Failure {
    Failure::environment("unreachable", format!("the workshop does not answer: {error}"))
        .hint("see what runs with `pancake status`, or start it with `pancake up`")
}

//! What a learner can do: each act goes the way that a client's would.

use std::{
    env,
    process::{Command, Stdio},
};

use pancake_lab::world::{
    CellFault, CellOutput, ColumnFacts, CommandOutput, Desk, FeedMove, FeedSpec, Hands, HttpAnswer,
    HttpRequest, Inventory, NewRecord, Rows, StatementOutput, WorldError, WorldResult,
};
use pancake_node::{
    ErrorKind, NodeError,
    api::{NewRecordView, PlayRequest, SqlEvent, SqlRequest, TopicSpec},
};
use pancake_types::Timestamp;
use serde_json::{Value, json};

use super::{
    Shop,
    facts::{feed_name, missing},
    files, world_error,
};

/// Rows of a SELECT that a cell keeps.
const CELL_ROWS_MAX: u64 = 200;

impl Hands for Shop {
    fn produce(&self, topic: &str, records: &[NewRecord]) -> WorldResult<()> {
        let records = records
            .iter()
            .map(|r| NewRecordView {
                key: r.key.clone(),
                value: Some(r.value.clone()),
                ..NewRecordView::default()
            })
            .collect();
        self.wait(self.node.produce(topic, records)).map(drop).map_err(world_error)
    }

    fn run_sql(&self, _desk: &Desk, text: &str) -> WorldResult<CellOutput> {
        let request =
            SqlRequest { sql: text.to_owned(), streaming: false, max_rows: Some(CELL_ROWS_MAX) };
        let mut events = self.sql(request);
        let mut output = CellOutput::default();
        while let Some(event) = self.wait(events.recv()) {
            take(&mut output, event)?;
        }
        Ok(output)
    }

    fn pancake(&self, desk: &Desk, argv: &[String]) -> WorldResult<CommandOutput> {
        let folder = files::folder(&self.home, desk)?;
        let unavailable =
            |reason: String| WorldError::Unavailable { what: "pancake".to_owned(), reason };
        std::fs::create_dir_all(&folder).map_err(|e| unavailable(e.to_string()))?;
        let program = env::current_exe().map_err(|e| unavailable(e.to_string()))?;
        let output = Command::new(program)
            .args(argv)
            .env("PANCAKE_HOME", &self.home)
            .env("NO_COLOR", "1")
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()
            .map_err(|e| unavailable(e.to_string()))?;
        Ok(CommandOutput {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    fn send(&self, request: &HttpRequest) -> WorldResult<HttpAnswer> {
        self.call(request)
    }

    fn write_file(&self, desk: &Desk, path: &str, bytes: &[u8]) -> WorldResult<()> {
        files::write(&self.home, desk, path, bytes)
    }

    fn wipe_files(&self, desk: &Desk) -> WorldResult<()> {
        files::wipe(&self.home, desk)
    }

    fn remove(&self, things: &Inventory) -> WorldResult<()> {
        for job in &things.jobs {
            gone(self.wait(self.node.forget_job(job)))?;
        }
        for table in &things.tables {
            gone(self.wait(self.node.drop_table(table)))?;
        }
        for topic in &things.topics {
            gone(self.wait(self.node.delete_topic(topic)))?;
        }
        for model in &things.models {
            gone(self.wait(self.node.delete_model(model)))?;
        }
        Ok(())
    }

    fn open_feed(&self, desk: &Desk, feed: &FeedSpec) -> WorldResult<()> {
        let name = feed_name(desk, &feed.name);
        gone(self.wait(self.node.delete_feed(&name)))?;
        gone(self.wait(self.node.delete_topic(&feed.topic)))?;
        let spec = TopicSpec { partitions: Some(feed.partitions), ..TopicSpec::default() };
        self.wait(self.node.create_topic(&feed.topic, spec)).map_err(world_error)?;
        self.wait(self.node.create_feed(engine_feed(name, feed))).map(drop).map_err(world_error)
    }

    fn close_feed(&self, desk: &Desk, feed: &FeedSpec) -> WorldResult<()> {
        gone(self.wait(self.node.delete_feed(&feed_name(desk, &feed.name))))?;
        gone(self.wait(self.node.delete_topic(&feed.topic)))
    }

    fn move_feed(&self, desk: &Desk, feed: &str, how: FeedMove) -> WorldResult<()> {
        let name = feed_name(desk, feed);
        let moved = match how {
            FeedMove::Pause => self.wait(self.node.pause_feed(&name)),
            FeedMove::Play => {
                let speed = self.node.feed(&name).ok().and_then(|f| f.speed);
                self.wait(
                    self.node.play_feed(&name, PlayRequest { speed, ..PlayRequest::default() }),
                )
            }
            FeedMove::PlayTo(to) => {
                let request =
                    PlayRequest { to: to.map(Timestamp::millis), ..PlayRequest::default() };
                self.wait(self.node.play_feed(&name, request))
            }
            FeedMove::Step(events) => {
                let request = PlayRequest { events: Some(events.into()), ..PlayRequest::default() };
                self.wait(self.node.play_feed(&name, request))
            }
        };
        match moved {
            Ok(_) => Ok(()),
            Err(e) if e.kind == ErrorKind::NotFound => Err(missing(&format!("feed `{feed}`"))),
            Err(e) => Err(world_error(e)),
        }
    }
}

/// What is gone already is no error.
fn gone<T>(result: Result<T, NodeError>) -> WorldResult<()> {
    match result {
        Err(e) if e.kind != ErrorKind::NotFound => Err(world_error(e)),
        _ => Ok(()),
    }
}

/// The lab's feed in the engine's words.
fn engine_feed(name: String, feed: &FeedSpec) -> pancake_node::api::FeedSpec {
    let mut params = feed.params.clone();
    params.insert("seed".to_owned(), json!(feed.seed));
    params.insert("partitions".to_owned(), json!(feed.partitions));
    if let Some(rate) = feed.rate_per_s {
        params.insert("rate".to_owned(), json!(rate));
    }
    if let Some(late) = feed.late_share {
        params.insert("late".to_owned(), json!(late));
    }
    if let Some(until) = feed.until {
        params.insert("until".to_owned(), json!(until.millis()));
    }
    if let Some(split) = &feed.split {
        params.insert("split".to_owned(), json!(split));
    }
    let generator = feed.generator.clone().or_else(|| feed.dataset.clone()).unwrap_or_default();
    pancake_node::api::FeedSpec {
        name,
        generator,
        topic: feed.topic.clone(),
        speed: feed.speed,
        params,
    }
}

/// Adds one event of a cell's run to its output.
fn take(output: &mut CellOutput, event: SqlEvent) -> WorldResult<()> {
    match event {
        SqlEvent::Done { message, .. } => {
            output.statements.push(StatementOutput { message, ..StatementOutput::default() });
        }
        SqlEvent::Job { name, .. } => output.statements.push(StatementOutput {
            message: format!("job {name} started"),
            job: Some(name),
            ..StatementOutput::default()
        }),
        SqlEvent::Columns { columns, .. } => {
            let columns = columns
                .into_iter()
                .map(|c| ColumnFacts { name: c.name, r#type: c.data_type })
                .collect();
            output.statements.push(StatementOutput {
                rows: Some(Rows { columns, ..Rows::default() }),
                ..StatementOutput::default()
            });
        }
        SqlEvent::Rows { rows } => {
            if let Some(answer) = output.statements.last_mut().and_then(|s| s.rows.as_mut()) {
                for mut row in rows {
                    let values = answer.columns.iter().map(|c| row.row.remove(&c.name));
                    answer.data.push(values.map(Option::<Value>::unwrap_or_default).collect());
                }
            }
        }
        SqlEvent::End { truncated, .. } => {
            if let Some(answer) = output.statements.last_mut().and_then(|s| s.rows.as_mut()) {
                answer.truncated = truncated;
            }
        }
        SqlEvent::Error { error, .. }
            if matches!(error.kind, ErrorKind::Internal | ErrorKind::Unavailable) =>
        {
            return Err(world_error(error));
        }
        SqlEvent::Error { error, .. } => {
            output.fault = Some(CellFault {
                message: error.message,
                line: error.at.and_then(|at| u32::try_from(at.line).ok()),
                column: error.at.and_then(|at| u32::try_from(at.col).ok()),
                hint: error.hint,
            });
        }
    }
    Ok(())
}

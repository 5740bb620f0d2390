//! `pancake sql`: statements in Flink's dialect, in order; a SELECT prints its rows.
//!
//! * `--json` prints one change per line as `{"op": …, "row": {…}}`, ready for `jq`.
//! * With `--fold` the changes are folded, and what stands at the end is printed.

use std::{
    fs,
    io::{IsTerminal as _, Read as _},
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::Duration,
};

use clap::Args;
use pancake_node::api::{JobDetail, RowView, SqlEvent, SqlRequest};
use serde_json::Value;

use super::Context;
use crate::{
    client::Api,
    failure::{Failure, Outcome},
};

/// Pause between two looks at a job that is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Run SQL in Flink's dialect
#[derive(Args, Debug)]
pub(crate) struct SqlArgs {
    /// Statements, separated by semicolons
    #[arg(short, long, value_name = "QUERY", conflicts_with = "file")]
    execute: Option<String>,
    /// File with statements; `-` is standard input
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Let a SELECT over a topic go on as records come, as changes
    #[arg(long)]
    streaming: bool,
    /// Print what stands at the end instead of every change
    #[arg(long)]
    fold: bool,
    /// Wait until the jobs that were started have ended
    #[arg(long)]
    wait: bool,
    /// End after so many rows
    #[arg(long, value_name = "N")]
    max_rows: Option<u64>,
}

pub(crate) fn run(ctx: &mut Context<'_>, args: &SqlArgs) -> Outcome {
    let (name, text) = match (&args.execute, &args.file) {
        (Some(text), _) => ("-e".to_owned(), text.clone()),
        (None, Some(path)) => (path.display().to_string(), read_file(path)?),
        (None, None) if !std::io::stdin().is_terminal() => {
            ("stdin".to_owned(), read_file(Path::new("-"))?)
        }
        (None, None) => {
            return Err(Failure::user("no_sql", "there is nothing to run")
                .hint("`pancake sql -e \"SELECT 1 + 1\"`, or `pancake sql -f FILE`"));
        }
    };
    let request = SqlRequest { sql: text, streaming: args.streaming, max_rows: args.max_rows };
    execute(ctx, &name, &request, (args.fold, args.wait))
}

/// Runs the statements of a file.
pub(crate) fn run_file(ctx: &mut Context<'_>, path: &Path, streaming: bool) -> Outcome {
    let request = SqlRequest { sql: read_file(path)?, streaming, max_rows: None };
    execute(ctx, &path.display().to_string(), &request, (false, false))
}

fn read_file(path: &Path) -> Outcome<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    fs::read_to_string(path)
        .map_err(|e| Failure::user("unreadable", format!("cannot read {}: {e}", path.display())))
}

fn execute(
    ctx: &mut Context<'_>,
    name: &str,
    request: &SqlRequest,
    (fold, wait): (bool, bool),
) -> Outcome {
    let api = ctx.api()?;
    let mut shown = Shown { fold, ..Shown::default() };
    api.stream("/api/v1/sql", request, |line| {
        let event: SqlEvent = serde_json::from_value(line)?;
        shown.event(ctx, name, request, event)
    })?;
    shown.finish(ctx);
    if wait {
        for job in &shown.jobs {
            wait_for(&api, job)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits until a job has ended; one that failed is an error.
fn wait_for(api: &Api, job: &str) -> Outcome<()> {
    loop {
        let detail: JobDetail = api.get(&format!("/api/v1/jobs/{job}"))?;
        match detail.job.state.as_str() {
            "running" | "starting" => thread::sleep(LOOK_EVERY),
            "failed" => {
                let why = detail.job.error.unwrap_or_default();
                return Err(Failure::user(
                    "job_failed",
                    format!("job `{}` failed: {why}", detail.job.name),
                ));
            }
            _ => return Ok(()),
        }
    }
}

/// What has been shown of an answer so far.
#[derive(Debug, Default)]
struct Shown {
    fold: bool,
    columns: Vec<String>,
    rows: Vec<RowView>,
    /// Jobs that were started, by id.
    jobs: Vec<String>,
}

impl Shown {
    fn event(
        &mut self,
        ctx: &mut Context<'_>,
        name: &str,
        request: &SqlRequest,
        event: SqlEvent,
    ) -> Outcome<()> {
        match event {
            SqlEvent::Done { message, .. } => ctx.out.talk(message),
            SqlEvent::Job { name, id, .. } => {
                self.jobs.push(id.clone());
                ctx.out.talk(format!("job `{name}` runs (id {id}); `pancake job show {name}`"));
            }
            SqlEvent::Columns { columns, .. } => {
                self.finish(ctx);
                self.columns = columns.into_iter().map(|c| c.name).collect();
            }
            SqlEvent::Rows { rows } => self.rows(ctx, rows, request.streaming)?,
            SqlEvent::End { truncated: true, rows } => {
                ctx.out.talk(format!("cut after {rows} rows; raise --max-rows for more"));
            }
            SqlEvent::End { .. } => {}
            SqlEvent::Error { error, .. } => {
                return Err(Failure::from(error).in_text(name, &request.sql));
            }
        }
        Ok(())
    }

    fn rows(&mut self, ctx: &mut Context<'_>, rows: Vec<RowView>, live: bool) -> Outcome<()> {
        if self.fold {
            self.rows.extend(rows);
            self.rows = fold(std::mem::take(&mut self.rows));
        } else if ctx.out.json() {
            for row in rows {
                ctx.out.line(serde_json::to_string(&row)?);
            }
        } else if live {
            for row in rows {
                let cells: Vec<String> =
                    self.columns.iter().map(|c| cell(row.row.get(c))).collect();
                ctx.out.line(format!("{}  {}", row.op, cells.join("  ")));
            }
        } else {
            self.rows.extend(rows);
        }
        Ok(())
    }

    /// Prints the rows that were kept back.
    fn finish(&mut self, ctx: &mut Context<'_>) {
        let rows = std::mem::take(&mut self.rows);
        if self.columns.is_empty() {
            return;
        }
        if ctx.out.json() {
            for row in rows {
                ctx.out.line(serde_json::to_string(&row).unwrap_or_default());
            }
        } else if !rows.is_empty() {
            let heads: Vec<&str> = self.columns.iter().map(String::as_str).collect();
            let cells = |r: &RowView| self.columns.iter().map(|c| cell(r.row.get(c))).collect();
            ctx.out.table(&heads, rows.iter().map(cells).collect());
        }
    }
}

/// What stands after all changes: each retraction takes one equal row away.
fn fold(changes: Vec<RowView>) -> Vec<RowView> {
    let mut standing: Vec<RowView> = Vec::with_capacity(changes.len());
    for change in changes {
        if matches!(change.op.as_str(), "-U" | "-D") {
            if let Some(at) = standing.iter().rposition(|r| r.row == change.row) {
                standing.remove(at);
            }
        } else {
            standing.push(RowView { op: "+I".to_owned(), row: change.row });
        }
    }
    standing
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "NULL".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(op: &str, n: i64) -> RowView {
        let row = serde_json::json!({ "n": n });
        RowView { op: op.to_owned(), row: row.as_object().cloned().unwrap_or_default() }
    }

    #[test]
    fn a_fold_leaves_what_stands_at_the_end() {
        let changes = vec![change("+I", 1), change("-U", 1), change("+U", 2), change("+I", 7)];
        assert_eq!(fold(changes), [change("+I", 2), change("+I", 7)]);
    }
}

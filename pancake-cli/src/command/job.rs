//! `pancake job`: streaming jobs that go on by themselves.

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;
use pancake_node::api::{JobDetail, JobView};
use serde_json::{Value, json};

use super::{Context, sql};
use crate::{
    failure::Outcome,
    output::{Output, Tone, bytes, paint, thousands},
    time,
};

#[derive(Subcommand, Debug)]
pub(crate) enum JobCommand {
    /// Submit a file of statements; its INSERTs go on as jobs
    Submit {
        /// File with SQL
        file: PathBuf,
    },
    /// List jobs
    List,
    /// Show one job: its graph, and what each part of it is doing
    Show {
        /// Name or id
        job: String,
    },
    /// Stop a job; its progress is kept until its table or topic is dropped
    Stop {
        /// Name or id
        job: String,
    },
}

pub(crate) fn run(ctx: &mut Context<'_>, command: JobCommand) -> Outcome {
    match command {
        JobCommand::Submit { file } => sql::run_file(ctx, &file, true),
        JobCommand::List => {
            let jobs: Vec<JobView> = ctx.api()?.get("/api/v1/jobs")?;
            ctx.out.value(&jobs, |out, jobs| list(out, jobs));
            Ok(ExitCode::SUCCESS)
        }
        JobCommand::Show { job } => {
            let detail: JobDetail = ctx.api()?.get(&format!("/api/v1/jobs/{job}"))?;
            ctx.out.value(&detail, show);
            Ok(ExitCode::SUCCESS)
        }
        JobCommand::Stop { job } => {
            let view: Value = ctx.api()?.post(&format!("/api/v1/jobs/{job}/stop"), &json!({}))?;
            ctx.out.value(&view, |out, _| out.line(format!("job {job} stopped")));
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn list(out: &mut Output, jobs: &[JobView]) {
    if jobs.is_empty() {
        out.talk("no jobs; an INSERT INTO … SELECT over a topic makes one");
        return;
    }
    let rows = jobs.iter().map(|j| {
        vec![
            j.name.clone(),
            state(&j.state),
            thousands(j.rows_in),
            thousands(j.rows_out),
            thousands(j.late_rows),
            watermark(j),
            j.id.clone(),
        ]
    });
    out.table(&["job", "state", "rows in", "rows out", "late", "watermark", "id"], rows.collect());
}

fn show(out: &mut Output, detail: &JobDetail) {
    let job = &detail.job;
    out.line(format!("{}  {}  ({})", paint(Tone::Strong, &job.name), state(&job.state), job.id));
    if let Some(error) = &job.error {
        out.line(format!("failed: {error}"));
    }
    out.line(format!("watermark {}", watermark(job)));
    if job.malformed > 0 {
        let first = job.first_malformed.clone().unwrap_or_default();
        out.line(format!(
            "{} malformed records skipped; the first: {first}",
            thousands(job.malformed)
        ));
    }
    let mut rows = Vec::new();
    for vertex in &detail.vertices {
        for s in &vertex.subtasks {
            let name = if s.subtask == 0 { vertex.name.clone() } else { String::new() };
            rows.push(vec![
                name,
                s.subtask.to_string(),
                thousands(s.rows_in),
                thousands(s.rows_out),
                percent(s.busy),
                percent(s.backpressured),
                percent(s.queue),
                s.open_windows.to_string(),
                thousands(s.late_rows),
                bytes(s.state_bytes),
            ]);
        }
    }
    let heads = ["operator", "#", "in", "out", "busy", "held", "queue", "windows", "late", "state"];
    out.table(&heads, rows);
}

fn state(state: &str) -> String {
    match state {
        "failed" => paint(Tone::Fail, state),
        "running" => paint(Tone::Strong, state),
        _ => state.to_owned(),
    }
}

fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

fn watermark(job: &JobView) -> String {
    match job.watermark {
        _ if job.watermark_end => "end of input".to_owned(),
        Some(ms) => time::show(ms),
        None => "–".to_owned(),
    }
}

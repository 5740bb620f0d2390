//! A job as it is shown: totals over its vertices, and shares of the recent past.

use std::time::Duration;

use pancake_dataflow::{JobStats, JobStatus, SubtaskStats, VertexStats};
use pancake_types::Watermark;

use super::{
    Desired, Job,
    record::{JobRecord, Totals},
};
use crate::api::{EdgeView, JobDetail, JobView, SubtaskView, VertexView};

/// Shares are shown of at least this much of the past.
const LOOK_BACK: Duration = Duration::from_secs(1);

/// A job with its graph; a look older than [`LOOK_BACK`] is replaced by this one.
pub(super) fn detail(job: &mut Job, now: Duration) -> JobDetail {
    let Some(handle) = &job.handle else {
        let totals = job.record.last.clone().unwrap_or_default();
        let view = view(&job.record, word(job.record.desired), totals, None);
        return JobDetail { job: view, vertices: Vec::new(), edges: Vec::new() };
    };
    let stats = handle.stats();
    let earlier = job.earlier.as_ref().map(|(_, stats)| stats);
    let vertices = stats.vertices.iter().map(|v| vertex(v, earlier)).collect();
    let edges = stats
        .edges
        .iter()
        .map(|e| EdgeView {
            from: e.from.to_string(),
            to: e.to.to_string(),
            exchange: e.exchange.clone(),
        })
        .collect();
    let word = match handle.status() {
        JobStatus::Running => "running",
        JobStatus::Finished => "finished",
        JobStatus::Failed { .. } => "failed",
        JobStatus::Cancelled => "stopped",
    };
    let mut shown = view(&job.record, word, totals(&stats), stats.checkpoints.last);
    shown.error = stats.error.clone().or(shown.error);
    if job.earlier.as_ref().is_none_or(|(at, _)| now.saturating_sub(*at) >= LOOK_BACK) {
        job.earlier = Some((now, stats));
    }
    JobDetail { job: shown, vertices, edges }
}

fn word(desired: Desired) -> &'static str {
    match desired {
        Desired::Running => "starting",
        Desired::Stopped => "stopped",
        Desired::Finished => "finished",
        Desired::Failed => "failed",
    }
}

fn view(
    record: &JobRecord,
    state: &str,
    totals: Totals,
    checkpoint: Option<pancake_dataflow::CheckpointId>,
) -> JobView {
    JobView {
        id: record.id.clone(),
        name: record.name.clone(),
        state: state.to_owned(),
        statement: record.statement.clone(),
        created_at: record.created_at,
        error: record.error.clone(),
        watermark: totals.watermark,
        watermark_end: totals.watermark_end,
        rows_in: totals.rows_in,
        rows_out: totals.rows_out,
        writes: record.writes.clone(),
        late_rows: totals.late_rows,
        late_max_ms: totals.late_max_ms,
        malformed: totals.malformed,
        first_malformed: totals.first_malformed,
        checkpoint: checkpoint.map(pancake_dataflow::CheckpointId::get),
        caught_up: totals.caught_up,
    }
}

/// Sums over the vertices of a job.
pub(super) fn totals(stats: &JobStats) -> Totals {
    let of = |kind: &'static str| {
        stats.vertices.iter().filter(move |v| v.kind == kind).flat_map(|v| v.subtasks.iter())
    };
    let all = || stats.vertices.iter().flat_map(|v| v.subtasks.iter());
    let watermark = of("sink").map(|s| s.watermark).min().unwrap_or(Watermark::MIN);
    Totals {
        watermark: watermark.moment().map(pancake_types::Timestamp::millis),
        watermark_end: watermark == Watermark::MAX,
        rows_in: of("source").map(|s| s.rows_in).sum(),
        rows_out: of("sink").map(|s| s.rows_out).sum(),
        late_rows: all().map(|s| s.gauges.late_rows).sum(),
        late_max_ms: all().map(|s| s.gauges.lateness_max_ms).max().unwrap_or(0),
        malformed: of("source").map(|s| s.gauges.skipped_rows).sum(),
        first_malformed: of("source").find_map(|s| s.first_skipped.clone()),
        caught_up: all().all(|s| s.at_rest) && of("source").all(|s| s.gauges.backlog_rows == 0),
    }
}

fn vertex(now: &VertexStats, earlier: Option<&JobStats>) -> VertexView {
    let before = earlier.and_then(|e| e.vertices.iter().find(|v| v.id == now.id));
    let subtasks = now.subtasks.iter().map(|s| {
        let before = before.and_then(|v| v.subtasks.iter().find(|b| b.subtask == s.subtask));
        subtask(s, before)
    });
    VertexView { id: now.id.to_string(), name: now.name.clone(), subtasks: subtasks.collect() }
}

fn subtask(now: &SubtaskStats, before: Option<&SubtaskStats>) -> SubtaskView {
    let [busy, idle, backpressured] = now.shares_since(before);
    SubtaskView {
        subtask: now.subtask,
        rows_in: now.rows_in,
        rows_out: now.rows_out,
        busy,
        idle,
        backpressured,
        queue: now.queue,
        watermark: now.watermark.moment().map(pancake_types::Timestamp::millis),
        open_windows: now.gauges.windows_open,
        late_rows: now.gauges.late_rows,
        state_bytes: now.gauges.state_bytes,
    }
}

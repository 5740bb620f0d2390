//! One text of statements, carried out in order, told as events.

use std::{sync::Arc, time::Duration};

use arrow::datatypes::Schema;
use pancake_dataflow::{ChangeBatch, JobHandle, JobOptions, StopMode, Threads};
use pancake_sql::{JobPlan, Outcome, Rows, Session, Statement, StreamRows, render};
use tokio::sync::mpsc::Sender;

use super::sql_error;
use crate::{
    NodeError,
    api::{ColumnView, RowView, SqlEvent, SqlRequest},
    jobs::{Desired, JobRecord, Planned, job_id},
    node::Node,
    topics::chain,
};

/// How often a streaming SELECT looks whether anybody still reads it.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Option that says how SELECTs run.
const MODE: &str = "execution.runtime-mode";

/// Why a run ends before its last statement.
enum Stop {
    /// A statement failed.
    Failed(NodeError),
    /// Nobody listens any more.
    Unheard,
}

impl From<NodeError> for Stop {
    fn from(error: NodeError) -> Self {
        Self::Failed(error)
    }
}

/// Runs all statements of a request. Blocks.
pub(super) fn run(node: &Node, request: &SqlRequest, to: &Sender<SqlEvent>) {
    let mut run = Run {
        node,
        request,
        to,
        session: node.inner().tables.session(),
        rows: 0,
        truncated: false,
    };
    let last = match run.all() {
        Ok(()) => SqlEvent::End { rows: run.rows, truncated: run.truncated },
        Err((statement, Stop::Failed(error))) => SqlEvent::Error { statement, error },
        Err((_, Stop::Unheard)) => return,
    };
    // Whoever asked may have gone.
    drop(to.blocking_send(last));
}

struct Run<'a> {
    node: &'a Node,
    request: &'a SqlRequest,
    to: &'a Sender<SqlEvent>,
    session: Session,
    rows: u64,
    truncated: bool,
}

impl Run<'_> {
    fn all(&mut self) -> Result<(), (usize, Stop)> {
        let statements =
            self.session.plan(&self.request.sql).map_err(|e| (0, Stop::Failed(sql_error(e))))?;
        for (number, statement) in statements.iter().enumerate() {
            self.one(number, statement).map_err(|stop| (number, stop))?;
        }
        Ok(())
    }

    fn one(&mut self, number: usize, statement: &Statement) -> Result<(), Stop> {
        if self.reads_once(statement) {
            let rows = self.session.query_bounded(statement).map_err(sql_error)?;
            return self.rows(number, rows);
        }
        match self.session.execute(statement).map_err(sql_error)? {
            Outcome::Done(message) => self.tell(SqlEvent::Done { statement: number, message }),
            Outcome::Changed { event, message } => {
                self.node.inner().tables.record(&event)?;
                self.tell(SqlEvent::Done { statement: number, message })
            }
            Outcome::Written { table, rows } => {
                let noun = if rows == 1 { "row" } else { "rows" };
                let message = format!("{rows} {noun} written to `{table}`");
                self.tell(SqlEvent::Done { statement: number, message })
            }
            Outcome::Rows(rows) => self.rows(number, rows),
            Outcome::Job(plan) => self.job(number, plan),
            Outcome::StreamRows(rows) => self.stream(number, rows),
        }
    }

    /// A SELECT that reads what is there now, because nothing said that it should go on.
    fn reads_once(&self, statement: &Statement) -> bool {
        let asked = self.session.options.changed().get(MODE).map(String::as_str);
        let streaming = asked.map_or(self.request.streaming, |mode| mode == "streaming");
        statement.is_query() && !streaming
    }

    fn rows(&mut self, statement: usize, mut rows: Rows) -> Result<(), Stop> {
        self.tell(SqlEvent::Columns { statement, columns: columns(&rows.schema()) })?;
        for batch in rows.by_ref() {
            let batch = batch.map_err(sql_error)?;
            if !self.give(&ChangeBatch::from(batch))? {
                break;
            }
        }
        Ok(())
    }

    fn job(&self, statement: usize, plan: JobPlan) -> Result<(), Stop> {
        let jobs = &self.node.inner().jobs;
        let created_at = self.node.now_unique();
        let planned = planned(self.node, plan);
        let record = JobRecord {
            id: job_id(&planned.0.name, created_at),
            name: planned.0.name.clone(),
            statement: planned.1,
            options: self.session.options.changed().clone(),
            writes: planned.0.writes.clone(),
            created_at,
            desired: Desired::Running,
            error: None,
            last: None,
        };
        let (id, name) = (record.id.clone(), record.name.clone());
        jobs.submit(record, &planned.0)?;
        self.tell(SqlEvent::Job { statement, id, name })
    }

    /// Rows of a SELECT that goes on: its job lives as long as somebody reads.
    fn stream(&mut self, statement: usize, rows: StreamRows) -> Result<(), Stop> {
        self.tell(SqlEvent::Columns { statement, columns: columns(&rows.schema) })?;
        let StreamRows { job, changes, .. } = rows;
        let options = JobOptions::new(Arc::clone(self.node.clock()));
        let handle = JobHandle::start(&job.graph, &options, &Threads)
            .map_err(|e| NodeError::invalid("job_start", chain(&e)))?;
        // The graph holds a sender of its own; without it the end of the job is the end of the rows.
        drop(job);
        let result = loop {
            match changes.next_timeout(LOOK_EVERY) {
                Some(batch) => match self.give(&batch) {
                    Ok(true) => {}
                    Ok(false) => break Ok(()),
                    Err(stop) => break Err(stop),
                },
                None if self.to.is_closed() => break Err(Stop::Unheard),
                None if handle.status().is_final() && changes.try_next().is_err() => {
                    break match handle.status().error() {
                        Some(error) => Err(NodeError::invalid("job_failed", error).into()),
                        None => Ok(()),
                    };
                }
                None => {}
            }
        };
        drop(changes);
        drop(handle.stop(StopMode::Now));
        result
    }

    /// Gives rows to who asked; says whether more are wanted.
    fn give(&mut self, batch: &ChangeBatch) -> Result<bool, Stop> {
        let left = self.request.max_rows.map_or(u64::MAX, |max| max.saturating_sub(self.rows));
        let take = usize::try_from(left).unwrap_or(usize::MAX).min(batch.num_rows());
        self.truncated |= take < batch.num_rows();
        let rows: Vec<RowView> =
            render::json_changes(batch).into_iter().take(take).filter_map(row_view).collect();
        self.rows += rows.len() as u64;
        if !rows.is_empty() {
            self.tell(SqlEvent::Rows { rows })?;
        }
        Ok(!self.truncated)
    }

    fn tell(&self, event: SqlEvent) -> Result<(), Stop> {
        self.to.blocking_send(event).map_err(|_| Stop::Unheard)
    }
}

/// Plans the statement of a job that is known.
pub(super) fn plan_job(
    node: &Node,
    session: &mut Session,
    statement: &str,
) -> Result<Planned, NodeError> {
    let statements = session.plan(statement).map_err(sql_error)?;
    let [statement] = statements.as_slice() else {
        return Err(NodeError::internal("a job has one statement"));
    };
    match session.execute(statement).map_err(sql_error)? {
        Outcome::Job(plan) => Ok(planned(node, plan).0),
        _ => Err(NodeError::invalid("no_job", "the statement is no job any more")),
    }
}

/// A plan with the topics it writes, and its statement.
fn planned(node: &Node, plan: JobPlan) -> (Planned, String) {
    let sink = plan.sink.as_deref().and_then(|sink| node.inner().tables.catalog.table(sink));
    let topic = sink.and_then(|table| table.options.get("topic").map(str::to_owned));
    let writes = topic.into_iter().collect();
    (Planned { graph: plan.graph, name: plan.name, writes }, plan.statement)
}

/// Columns in Flink's words.
pub(super) fn columns(schema: &Schema) -> Vec<ColumnView> {
    schema
        .fields()
        .iter()
        .map(|f| ColumnView { name: f.name().clone(), data_type: render::type_name(f.data_type()) })
        .collect()
}

/// The columns of a table or view, as DESCRIBE gives them.
pub(super) fn described(session: &mut Session, name: &str) -> Result<Vec<ColumnView>, NodeError> {
    let text = format!("DESCRIBE `{}`", name.replace('`', "``"));
    let mut columns = Vec::new();
    for statement in session.plan(&text).map_err(sql_error)? {
        let Outcome::Rows(rows) = session.execute(&statement).map_err(sql_error)? else { continue };
        for batch in rows {
            for row in render::json_rows(&batch.map_err(sql_error)?) {
                let mut texts = row.as_object().into_iter().flat_map(|row| row.values());
                let mut text = || texts.next().and_then(|v| v.as_str()).map(str::to_owned);
                if let Some((name, data_type)) = text().zip(text()) {
                    columns.push(ColumnView { name, data_type });
                }
            }
        }
    }
    Ok(columns)
}

fn row_view(change: serde_json::Value) -> Option<RowView> {
    serde_json::from_value(change).ok()
}

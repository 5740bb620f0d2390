//! Queries that run on: a bound plan to a graph of the dataflow crate.
//!
//! * Only optimizer rules that hold for endless inputs are used (`plan.rs`); what cannot run on is refused by name.
//! * Rows that change (`GROUP BY` without a window) go only where the sink takes changes.
//! * The graph is made, never started: that is the node's work.
//!
//! Start reading at [`insert`].

mod aggregate;
mod build;
mod collect;
mod flow;
mod plan;

use arrow::datatypes::SchemaRef;
use datafusion::{common::tree_node::TreeNode, logical_expr::LogicalPlan};
use pancake_dataflow::{Exchange, JobGraph, VertexKind};

use crate::{
    connector::{Accepts, Connectors, TableDef},
    error::SqlError,
    parse::Statement,
    session::SessionOptions,
};
use build::Build;
pub use collect::Changes;
use flow::Flow;

/// A job to be run.
#[derive(Debug)]
pub struct JobPlan {
    /// What runs.
    pub graph: JobGraph,
    /// What it is known by: `pipeline.name`, else the table that it writes.
    pub name: String,
    /// The table that it writes, if it writes one.
    pub sink: Option<String>,
    /// The statement that it carries out.
    pub statement: String,
    /// The session's options when it was made.
    pub options: SessionOptions,
}

/// A job whose rows come to the reader.
#[derive(Debug)]
pub struct StreamRows {
    /// The job; it runs for as long as [`StreamRows::changes`] is read.
    pub job: JobPlan,
    /// The columns.
    pub schema: SchemaRef,
    /// The rows, as changes.
    pub changes: Changes,
}

/// What planning needs beside the plan.
pub(crate) struct Context<'a> {
    pub(crate) options: &'a SessionOptions,
    pub(crate) connectors: &'a Connectors,
    pub(crate) statement: &'a Statement,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        options: &'a SessionOptions,
        connectors: &'a Connectors,
        statement: &'a Statement,
    ) -> Self {
        Self { options, connectors, statement }
    }
}

/// Whether a plan reads any table; one that reads none ends by itself.
pub(crate) fn reads_tables(plan: &LogicalPlan) -> bool {
    plan.exists(|node| Ok(matches!(node, LogicalPlan::TableScan(_)))).unwrap_or(true)
}

/// Plans `INSERT INTO table SELECT …`; the plan's columns are the sink's.
pub(crate) fn insert(
    plan: &LogicalPlan,
    table: &TableDef,
    context: &Context<'_>,
) -> Result<JobPlan, SqlError> {
    let sink = context.connectors.of(table)?.sink(table)?;
    let plan = plan::prepare(plan, context.statement)?;
    let mut build = Build::new(context);
    let mut flow = build.compile(&plan)?;
    Build::expand(&mut flow);
    let exchange = match (flow.updates, sink.accepts()) {
        (true, Accepts::Appends) => return Err(takes_no_updates(table, context)),
        (true, Accepts::Upserts) => {
            flow.drop_update_before();
            by_key(table, &flow)
        }
        _ => Exchange::Forward,
    };
    let schema = table.sink_schema();
    flow.select_all(&schema)?;
    let factory = std::sync::Arc::new(move |subtask: pancake_dataflow::SubtaskContext| {
        sink.open(subtask.subtask, subtask.parallelism).map_err(Into::into)
    });
    let id = format!("sink:{}", table.name);
    let last = build::vertex(id, &table.name, flow.parallelism, VertexKind::Sink(factory));
    build.then(&mut flow, exchange, last);
    let name = context.options.pipeline_name().unwrap_or(&table.name).to_owned();
    Ok(job(build, name, Some(table.name.clone()), context))
}

/// Plans a SELECT whose rows come to the reader.
pub(crate) fn select(plan: &LogicalPlan, context: &Context<'_>) -> Result<StreamRows, SqlError> {
    let schema = std::sync::Arc::clone(plan.schema().inner());
    let plan = plan::prepare(plan, context.statement)?;
    let mut build = Build::new(context);
    let mut flow = build.compile(&plan)?;
    Build::expand(&mut flow);
    flow.select_all(&schema)?;
    let (factory, changes) = collect::channel(std::sync::Arc::clone(&schema));
    let kind = VertexKind::Sink(factory);
    let last = build::vertex("sink:collect", "Collect", flow.parallelism, kind);
    build.then(&mut flow, Exchange::Forward, last);
    let name = context.options.pipeline_name().unwrap_or("select").to_owned();
    Ok(StreamRows { job: job(build, name, None, context), schema, changes })
}

fn job(build: Build<'_>, name: String, sink: Option<String>, context: &Context<'_>) -> JobPlan {
    let mut graph = build.into_graph();
    graph.name.clone_from(&name);
    let statement = context.statement.text().to_owned();
    JobPlan { graph, name, sink, statement, options: context.options.clone() }
}

/// Changes of one key must reach one subtask of the sink.
fn by_key(table: &TableDef, flow: &Flow) -> Exchange {
    let schema = table.sink_schema();
    let key = table.primary_key.iter().filter_map(|name| schema.index_of(name).ok());
    if flow.parallelism == 1 { Exchange::Forward } else { Exchange::Hash(key.collect()) }
}

fn takes_no_updates(table: &TableDef, context: &Context<'_>) -> SqlError {
    let (name, connector) = (&table.name, table.connector());
    let message = format!(
        "table sink `{name}` (`{connector}`) takes new rows only, and this query updates rows it has given: \
         its GROUP BY has no window, so every row that comes changes a result"
    );
    let hint = match connector {
        "kafka" => {
            "group by a window (window_start, window_end of TABLE(TUMBLE(…))), or write into \
                    'connector' = 'upsert-kafka' with a PRIMARY KEY"
        }
        _ => "group by a window: window_start, window_end of TABLE(TUMBLE(…))",
    };
    SqlError::new(message).at(context.statement.find(name)).hint(hint)
}

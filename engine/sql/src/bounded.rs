//! Queries that end: `DataFusion`'s operators over what tables hold now, on threads of their own.
//!
//! * The threads are few and belong to the executor alone, so a heavy query cannot starve the log or the jobs.
//! * Memory is capped for all bounded queries together; sorts and aggregates spill, what cannot spill ends in an error.
//! * A query ends after [`Limits::time_max`] at the latest, and as soon as nobody reads its rows.
//!
//! Start reading at [`Executor::run`].

mod lower;
mod rows;

use std::{sync::Arc, time::Duration};

use datafusion::{
    common::{
        DataFusionError,
        tree_node::{Transformed, TreeNode},
    },
    execution::{
        SessionState, SessionStateBuilder, disk_manager::DiskManagerBuilder,
        memory_pool::FairSpillPool, runtime_env::RuntimeEnvBuilder,
    },
    logical_expr::LogicalPlan,
    physical_plan::{ExecutionPlan, coop::CooperativeExec, execute_stream},
    prelude::SessionConfig,
};
use futures_util::StreamExt as _;
use tokio::{runtime, sync::mpsc};

use crate::{
    bind::{self, explain},
    connector::Connectors,
    error::SqlError,
    parse::Statement,
};
pub use rows::Rows;

/// Batches that wait to be read.
const BATCHES_WAITING_MAX: usize = 4;

/// Tables that are read at once, over all queries. They mostly wait; fewer could wait for each other.
const SCANS_MAX: usize = 128;

/// What bounded queries may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Threads for all of them.
    pub threads: usize,
    /// Bytes of memory for all of them; more is spilled or refused.
    pub memory_bytes_max: usize,
    /// Bytes of files for what is spilled.
    pub spill_bytes_max: u64,
    /// How long one may run.
    pub time_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            threads: 2,
            memory_bytes_max: 256 << 20,
            spill_bytes_max: 4 << 30,
            time_max: Duration::from_mins(1),
        }
    }
}

/// Runs bounded queries.
#[derive(Debug)]
pub struct Executor {
    runtime: Option<runtime::Runtime>,
    state: SessionState,
    limits: Limits,
}

impl Executor {
    /// Starts the threads.
    pub fn new(limits: Limits) -> Result<Self, SqlError> {
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(limits.threads.max(1))
            .max_blocking_threads(SCANS_MAX)
            .thread_name("bounded-sql")
            .enable_all()
            .build()
            .map_err(|error| SqlError::new(format!("cannot start threads for queries: {error}")))?;
        let spill =
            DiskManagerBuilder::default().with_max_temp_directory_size(limits.spill_bytes_max);
        let environment = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(limits.memory_bytes_max)))
            .with_disk_manager_builder(spill)
            .build_arc()
            .map_err(|error| explain(&error, None))?;
        let config =
            SessionConfig::from(bind::config()).with_target_partitions(limits.threads.max(1));
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(environment)
            .with_default_features()
            .build();
        Ok(Self { runtime: Some(runtime), state, limits })
    }

    /// Runs a bound plan; rows come while it runs.
    pub(crate) fn run(
        &self,
        plan: &LogicalPlan,
        statement: &Statement,
        connectors: &Connectors,
    ) -> Result<Rows, SqlError> {
        let failed = |error: DataFusionError| explain(&error, Some(statement));
        let plan = self.state.optimize(plan).map_err(failed)?;
        let schema = Arc::clone(plan.schema().inner());
        let plan = lower::lower(plan, connectors).map_err(failed)?;
        let (sender, receiver) = mpsc::channel(BATCHES_WAITING_MAX);
        let task = Task { state: self.state.clone(), plan, statement: statement.clone(), sender };
        let time_max = self.limits.time_max;
        if let Some(runtime) = &self.runtime {
            runtime.handle().spawn(task.run(time_max));
        }
        Ok(Rows::new(schema, receiver))
    }

    /// The plan that would run, as text.
    pub(crate) fn explain(
        &self,
        plan: &LogicalPlan,
        statement: &Statement,
    ) -> Result<String, SqlError> {
        let plan = self.state.optimize(plan).map_err(|error| explain(&error, Some(statement)))?;
        Ok(plan.display_indent().to_string())
    }
}

impl Drop for Executor {
    /// Queries that still run are dropped with their threads; an async caller must not wait for them.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// One query that runs.
struct Task {
    state: SessionState,
    plan: LogicalPlan,
    statement: Statement,
    sender: mpsc::Sender<Result<arrow::array::RecordBatch, SqlError>>,
}

impl Task {
    async fn run(self, time_max: Duration) {
        let late = SqlError::new(format!("the query took longer than {} s", time_max.as_secs()))
            .hint("filter earlier, join on a key, or add a LIMIT");
        let error = tokio::select! {
            () = self.sender.closed() => return,
            ended = tokio::time::timeout(time_max, self.send_rows()) => match ended {
                Ok(Ok(())) => return,
                Ok(Err(error)) => explain(&error, Some(&self.statement)),
                Err(_) => late,
            },
        };
        // A reader that has gone needs no error.
        let _gone = self.sender.send(Err(error)).await;
    }

    async fn send_rows(&self) -> Result<(), DataFusionError> {
        let physical =
            self.state.query_planner().create_physical_plan(&self.plan, &self.state).await?;
        let mut stream = execute_stream(cooperative(physical)?, self.state.task_ctx())?;
        while let Some(batch) = stream.next().await {
            if self.sender.send(Ok(batch?)).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Lets joins give their thread back now and then. They can make endless rows of a few without asking a table for more,
/// which is where `DataFusion` itself yields; without this neither the time limit nor a dropped reader would end one.
fn cooperative(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    let yielding = plan.transform_up(|node| {
        if node.children().len() < 2 {
            return Ok(Transformed::no(node));
        }
        Ok(Transformed::yes(Arc::new(CooperativeExec::new(node)) as Arc<dyn ExecutionPlan>))
    })?;
    Ok(yielding.data)
}

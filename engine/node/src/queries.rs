//! SQL: statements in order, what they change written down, what goes on handed to the jobs.
//!
//! * A catalog change is durable in `_pancake.catalog` before it is reported.
//! * Without streaming a SELECT reads what is there now; an INSERT that reads a topic goes on as a job.
//! * Dropping the receiver ends a running SELECT; jobs go on.

mod run;

use std::{collections::BTreeMap, sync::Arc};

use arrow::array::RecordBatch;
use pancake_broker::Broker;
use pancake_connect::{ConnectorSet, Printer, connectors};
use pancake_sql::{
    Catalog, CatalogEvent, Executor, Limits, Object, Session, SqlError, connector::Connectors,
};
use tokio::sync::mpsc;

use crate::{
    ErrorKind, NodeError, NodeOptions,
    api::{SqlEvent, SqlRequest, TableView},
    blocking,
    jobs::{JobRecord, Planned},
    journal::Journal,
    node::Node,
};

/// Topic of the catalog.
const TOPIC: &str = "_pancake.catalog";
/// Events of an answer that wait to be read.
const EVENTS_MAX: usize = 16;
/// Rows that training or an evaluation may read.
const BATCH_ROWS_MAX: usize = 50_000_000;

/// Tables, views, and what runs statements over them.
#[derive(Debug)]
pub(crate) struct Tables {
    journal: Journal,
    catalog: Arc<Catalog>,
    connectors: Arc<Connectors>,
    executor: Arc<Executor>,
}

impl Tables {
    /// Reads the catalog back. Blocks.
    pub(crate) fn restore(broker: &Broker, options: &NodeOptions) -> Result<Self, NodeError> {
        let journal = Journal::compacted(broker, TOPIC)?;
        let connectors = Arc::new(connectors(&ConnectorSet {
            broker: broker.clone(),
            own_addresses: vec![options.kafka.clone()],
            clock: Arc::clone(&options.clock),
            printer: Printer::new(|line| tracing::info!(target: "print", "{line}")),
        }));
        let limits = Limits { memory_bytes_max: options.query_memory_bytes, ..Limits::default() };
        let executor = Arc::new(Executor::new(limits).map_err(sql_error)?);
        let catalog = Arc::new(Catalog::new());
        let mut left: BTreeMap<String, String> = journal
            .newest()?
            .into_iter()
            .map(|(name, ddl)| (name, String::from_utf8_lossy(&ddl).into_owned()))
            .collect();
        // A view needs its tables first; whatever order they come in, each round restores at least one.
        loop {
            let before = left.len();
            left.retain(|_, ddl| catalog.restore(ddl, &connectors).is_err());
            if left.is_empty() || left.len() == before {
                break;
            }
        }
        for (name, ddl) in &left {
            if let Err(error) = catalog.restore(ddl, &connectors) {
                tracing::error!(table = name, error = %error.message, "a table cannot be restored");
            }
        }
        Ok(Self { journal, catalog, connectors, executor })
    }

    /// A new conversation.
    fn session(&self) -> Session {
        Session::new(
            Arc::clone(&self.catalog),
            Arc::clone(&self.connectors),
            Arc::clone(&self.executor),
        )
    }

    /// Writes a change down. Blocks.
    fn record(&self, event: &CatalogEvent) -> Result<(), NodeError> {
        match event {
            CatalogEvent::Created { name, ddl } => {
                self.journal.append(name, Some(ddl.clone().into_bytes())).map(drop)
            }
            CatalogEvent::Dropped { name } => self.journal.append(name, None).map(drop),
        }
    }
}

impl Node {
    /// Tables and views by name.
    pub fn tables(&self) -> Vec<TableView> {
        let tables = &self.inner().tables;
        let mut session = tables.session();
        tables.catalog.objects().iter().map(|object| table_view(&mut session, object)).collect()
    }

    /// Drops a table or a view.
    ///
    /// # Errors
    /// `unknown_table`.
    pub async fn drop_table(&self, name: &str) -> Result<(), NodeError> {
        let (node, name) = (self.clone(), name.to_owned());
        blocking(move || {
            let tables = &node.inner().tables;
            if tables.catalog.get(&name).is_none() {
                let message = format!("there is no table `{name}`");
                return Err(NodeError::not_found("unknown_table", message));
            }
            let event = tables.catalog.remove(&name).map_err(sql_error)?;
            tables.record(&event)
        })
        .await
    }

    /// Runs statements; what they tell comes in order, the last event is `end` or `error`.
    pub fn sql(&self, request: SqlRequest) -> mpsc::Receiver<SqlEvent> {
        let (sender, receiver) = mpsc::channel(EVENTS_MAX);
        let node = self.clone();
        // Ends with its statements, or when nobody listens any more.
        drop(tokio::task::spawn_blocking(move || run::run(&node, &request, &sender)));
        receiver
    }

    /// All rows of one bounded query, as columns.
    pub(crate) async fn batches(&self, sql: &str) -> Result<Vec<RecordBatch>, NodeError> {
        let (node, sql) = (self.clone(), sql.to_owned());
        blocking(move || {
            let session = node.inner().tables.session();
            let statements = session.plan(&sql).map_err(sql_error)?;
            let [statement] = statements.as_slice() else {
                return Err(NodeError::internal("one query was expected"));
            };
            let rows = session.query_bounded(statement).map_err(sql_error)?;
            rows.collect(BATCH_ROWS_MAX).map_err(sql_error)
        })
        .await
    }
}

/// Plans every job that should run, and starts it from its newest checkpoint. Blocks.
pub(crate) fn resume_jobs(node: &Node) {
    let jobs = &node.inner().jobs;
    for record in jobs.desired() {
        let started = replan(node, &record).and_then(|planned| jobs.start(&record.id, &planned));
        if let Err(error) = started {
            tracing::error!(job = record.id, %error, "a job cannot be resumed");
            if let Err(error) = jobs.failed(&record.id, error.message) {
                tracing::error!(job = record.id, %error, "its end cannot be written down");
            }
        }
    }
}

fn replan(node: &Node, record: &JobRecord) -> Result<Planned, NodeError> {
    let mut session = node.inner().tables.session();
    for (name, value) in &record.options {
        session.options.set(name, value).map_err(sql_error)?;
    }
    run::plan_job(node, &mut session, &record.statement)
}

/// SQL's error in the engine's words.
pub(crate) fn sql_error(error: SqlError) -> NodeError {
    NodeError {
        kind: ErrorKind::Invalid,
        code: "sql".to_owned(),
        message: error.message,
        hint: error.hint,
        at: error.at.map(|at| crate::At { line: at.line, col: at.col }),
    }
}

fn table_view(session: &mut Session, object: &Object) -> TableView {
    let kind = match object {
        Object::Table(_) => "table",
        Object::View(_) => "view",
    };
    TableView {
        name: object.name().to_owned(),
        kind: kind.to_owned(),
        columns: run::described(session, object.name()).unwrap_or_default(),
        ddl: object.ddl().to_owned(),
    }
}

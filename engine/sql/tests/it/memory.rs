//! A connector over vectors: what a test puts in is what tables hold, and what sinks take can be looked at.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use pancake_dataflow::{
    ChangeBatch, JobHandle, JobOptions, JobStatus, Pause, Polled, RowKind, Simulation, Sink,
    SinkError, Source, SourceError, SourceOutput, SplitId, SplitState, Waker,
};
use pancake_sql::{
    Catalog, Executor, JobPlan, Limits, Outcome, Session, SqlError, StreamRows,
    connector::{
        Accepts, BatchIter, Connector, ConnectorError, Connectors, StreamRequest, TableDef,
        TableSink, TableSource,
    },
    render::json_row,
};
use serde_json::Value;

/// Batches of each split of each table.
type Tables = Arc<Mutex<BTreeMap<String, Vec<Vec<RecordBatch>>>>>;
/// Changes that each sink took.
type Taken = Arc<Mutex<BTreeMap<String, Vec<ChangeBatch>>>>;

/// The connector, under the name that a test gives it.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    name: &'static str,
    accepts: Accepts,
    tables: Tables,
    taken: Taken,
}

impl Connector for Memory {
    fn name(&self) -> &'static str {
        self.name
    }

    fn validate(&self, table: &TableDef) -> Result<(), ConnectorError> {
        Ok(table.options.check_known(&["topic", "format", "properties.*", "scan.startup.mode"])?)
    }

    fn source(&self, table: &TableDef) -> Result<Arc<dyn TableSource>, ConnectorError> {
        let splits = self.tables.lock().unwrap().get(&table.name).cloned().unwrap_or_default();
        Ok(Arc::new(MemorySource { schema: table.source_schema(), splits }))
    }

    fn sink(&self, table: &TableDef) -> Result<Arc<dyn TableSink>, ConnectorError> {
        let (tables, taken) = (Arc::clone(&self.tables), Arc::clone(&self.taken));
        Ok(Arc::new(MemorySink { name: table.name.clone(), accepts: self.accepts, tables, taken }))
    }
}

#[derive(Debug)]
struct MemorySource {
    schema: SchemaRef,
    splits: Vec<Vec<RecordBatch>>,
}

impl TableSource for MemorySource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn splits(&self) -> usize {
        self.splits.len().max(1)
    }

    fn stream(&self, request: &StreamRequest) -> Result<Box<dyn Source>, ConnectorError> {
        let mine = self.splits.iter().enumerate();
        let mine = mine.filter(|(split, _)| split % request.parallelism == request.subtask);
        let splits = mine.map(|(split, batches)| {
            let batches = batches.iter().map(|batch| project(batch, request.projection.as_deref()));
            (SplitId::new(format!("split-{split}")), batches.collect(), 0)
        });
        Ok(Box::new(Reading { splits: splits.collect(), turn: 0 }))
    }

    fn scan(
        &self,
        projection: Option<&[usize]>,
        _limit: Option<usize>,
    ) -> Result<BatchIter, ConnectorError> {
        let projection = projection.map(<[usize]>::to_vec);
        let batches: Vec<RecordBatch> = self.splits.iter().flatten().cloned().collect();
        Ok(Box::new(batches.into_iter().map(move |b| Ok(project(&b, projection.as_deref())))))
    }
}

fn project(batch: &RecordBatch, projection: Option<&[usize]>) -> RecordBatch {
    projection.map_or_else(|| batch.clone(), |columns| batch.project(columns).unwrap())
}

/// A split: its batches and how many rows of them were read.
type Split = (SplitId, Vec<RecordBatch>, usize);

struct Reading {
    splits: Vec<Split>,
    turn: usize,
}

impl Source for Reading {
    fn set_waker(&mut self, _waker: Waker) {}

    fn open(&mut self, _restored: Vec<SplitState>) -> Result<Vec<SplitId>, SourceError> {
        Ok(self.splits.iter().map(|split| split.0.clone()).collect())
    }

    fn poll(&mut self, rows_max: usize, out: &mut SourceOutput) -> Result<Polled, SourceError> {
        let count = self.splits.len();
        for _ in 0..count {
            self.turn += 1;
            let (id, batches, read) = &mut self.splits[(self.turn - 1) % count];
            if let Some(first) = batches.first() {
                let rows = rows_max.min(first.num_rows() - *read);
                out.emit(id, first.slice(*read, rows));
                *read += rows;
                if *read == first.num_rows() {
                    batches.remove(0);
                    *read = 0;
                    if batches.is_empty() {
                        out.finish_split(id);
                    }
                }
                return Ok(Polled::Emitted);
            }
        }
        Ok(Polled::Finished)
    }

    fn snapshot(&mut self) -> Result<Vec<SplitState>, SourceError> {
        Ok(vec![])
    }
}

#[derive(Debug)]
struct MemorySink {
    name: String,
    accepts: Accepts,
    tables: Tables,
    taken: Taken,
}

impl TableSink for MemorySink {
    fn accepts(&self) -> Accepts {
        self.accepts
    }

    fn open(&self, _subtask: usize, _parallelism: usize) -> Result<Box<dyn Sink>, ConnectorError> {
        let (tables, taken) = (Arc::clone(&self.tables), Arc::clone(&self.taken));
        Ok(Box::new(Writing { name: self.name.clone(), tables, taken }))
    }
}

struct Writing {
    name: String,
    tables: Tables,
    taken: Taken,
}

impl Sink for Writing {
    fn write(&mut self, batch: &ChangeBatch) -> Result<(), SinkError> {
        self.taken.lock().unwrap().entry(self.name.clone()).or_default().push(batch.clone());
        let mut tables = self.tables.lock().unwrap();
        let splits = tables.entry(self.name.clone()).or_insert_with(|| vec![vec![]]);
        splits[0].push(batch.rows().clone());
        Ok(())
    }
}

/// A session with the connectors `memory` (append-only), `upserts` and `changes`.
pub(crate) struct Lab {
    pub(crate) session: Session,
    tables: Tables,
    taken: Taken,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    pub(crate) fn with_limits(limits: Limits) -> Self {
        let (tables, taken) = (Tables::default(), Taken::default());
        let connector = |name, accepts| {
            let (tables, taken) = (Arc::clone(&tables), Arc::clone(&taken));
            Arc::new(Memory { name, accepts, tables, taken })
        };
        let connectors = Connectors::new()
            .with(connector("kafka", Accepts::Appends))
            .with(connector("memory", Accepts::Appends))
            .with(connector("upserts", Accepts::Upserts))
            .with(connector("changes", Accepts::Changes));
        let executor = Arc::new(Executor::new(limits).unwrap());
        let session = Session::new(Arc::new(Catalog::new()), Arc::new(connectors), executor);
        Self { session, tables, taken }
    }

    /// Puts batches into a table, split by split.
    pub(crate) fn fill(&self, table: &str, splits: Vec<Vec<RecordBatch>>) {
        self.tables.lock().unwrap().insert(table.to_owned(), splits);
    }

    /// Takes all rows out of a table.
    pub(crate) fn take(&self, table: &str) -> Vec<RecordBatch> {
        self.tables.lock().unwrap().remove(table).unwrap_or_default().concat()
    }

    /// Names of the columns of a table or view, in order.
    pub(crate) fn columns(&mut self, object: &str) -> Vec<String> {
        let statement = self.session.plan(&format!("SELECT * FROM {object}")).unwrap();
        let rows = self.session.query_bounded(&statement[0]).unwrap();
        rows.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    /// Carries out all statements of a text and gives back what the last one came to.
    pub(crate) fn run(&mut self, text: &str) -> Result<Outcome, SqlError> {
        let mut last = Outcome::Done(String::new());
        for statement in self.session.plan(text)? {
            last = self.session.execute(&statement)?;
        }
        Ok(last)
    }

    #[track_caller]
    pub(crate) fn ok(&mut self, text: &str) -> Outcome {
        self.run(text).unwrap_or_else(|error| panic!("{text}\n{error}"))
    }

    /// The error that a text must end in, while its statements are planned, carried out or read.
    #[track_caller]
    pub(crate) fn error(&mut self, text: &str) -> SqlError {
        match self.run(text) {
            Err(error) => error,
            Ok(Outcome::Rows(rows)) => {
                rows.collect(1_000_000).expect_err("the query should have failed")
            }
            Ok(other) => panic!("{text}\nshould have failed: {other:?}"),
        }
    }

    /// Rows of a bounded query, as JSON, sorted.
    #[track_caller]
    pub(crate) fn rows(&mut self, text: &str) -> Vec<String> {
        self.try_rows(text).unwrap_or_else(|error| panic!("{text}\n{error}"))
    }

    pub(crate) fn try_rows(&mut self, text: &str) -> Result<Vec<String>, SqlError> {
        let statements = self.session.plan(text)?;
        let (last, before) = statements.split_last().unwrap();
        for statement in before {
            self.session.execute(statement)?;
        }
        let rows = match self.session.execute(last)? {
            Outcome::Rows(rows) => rows,
            _ => self.session.query_bounded(last)?,
        };
        let batches = rows.collect(1_000_000)?;
        let mut rows = vec![];
        for batch in &batches {
            rows.extend((0..batch.num_rows()).map(|row| json_row(batch, row).to_string()));
        }
        rows.sort();
        Ok(rows)
    }

    /// What a sink took, folded to the rows that are there in the end, sorted.
    pub(crate) fn folded(&self, table: &str) -> Vec<String> {
        fold(self.taken.lock().unwrap().get(table).into_iter().flatten())
    }

    /// The changes that a sink took, as `+I {…}`.
    pub(crate) fn changes(&self, table: &str) -> Vec<String> {
        let taken = self.taken.lock().unwrap();
        let batches = taken.get(table).into_iter().flatten();
        batches.flat_map(changes_of).map(|(kind, row)| format!("{kind} {row}")).collect()
    }
}

fn changes_of(batch: &ChangeBatch) -> Vec<(RowKind, Value)> {
    (0..batch.num_rows()).map(|row| (batch.kind(row), json_row(batch.rows(), row))).collect()
}

/// Adds up changes: a row is there as often as it came more than it went.
pub(crate) fn fold<'a>(batches: impl IntoIterator<Item = &'a ChangeBatch>) -> Vec<String> {
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    for batch in batches {
        for (kind, row) in changes_of(batch) {
            *counts.entry(row.to_string()).or_default() += if kind.is_addition() { 1 } else { -1 };
        }
    }
    let mut rows = vec![];
    for (row, count) in counts {
        assert!(count >= 0, "a row was taken back that had not come: {row}");
        rows.extend(std::iter::repeat_n(row, usize::try_from(count).unwrap()));
    }
    rows
}

/// Runs a job to its end in a simulation.
#[track_caller]
pub(crate) fn run_job(job: &JobPlan, seed: u64, batch_rows: usize) -> JobStatus {
    let simulation = Simulation::new(seed);
    let mut options = JobOptions::new(Arc::new(simulation.virtual_clock()));
    options.batch_rows_max = batch_rows;
    let handle = JobHandle::start(&job.graph, &options, &simulation).unwrap_or_else(|error| {
        panic!("{}: {error}: {:?}", job.statement, std::error::Error::source(&error))
    });
    let pause = simulation.run(10_000_000);
    assert_eq!(pause, Pause::Done, "{}", job.statement);
    handle.status()
}

/// Runs a streaming SELECT to its end on threads of its own and gives back its changes.
#[track_caller]
pub(crate) fn read(rows: StreamRows, batch_rows: usize) -> Vec<ChangeBatch> {
    let mut options = JobOptions::new(Arc::new(pancake_types::SystemClock::new()));
    options.batch_rows_max = batch_rows;
    let StreamRows { job, changes, .. } = rows;
    let handle = JobHandle::start(&job.graph, &options, &pancake_dataflow::Threads).unwrap();
    drop(job);
    let batches = changes.collect();
    while !handle.status().is_final() {
        std::thread::yield_now();
    }
    assert!(matches!(handle.status(), JobStatus::Finished), "{:?}", handle.status());
    batches
}

//! A source, a sink and a windowed job for tests, and what the job must come to.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use arrow::{
    array::{ArrayRef, AsArray, Int64Array, RecordBatch, TimestampMillisecondArray},
    datatypes::{
        DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMillisecondType,
    },
};
use pancake_dataflow::{
    ChangeBatch, CheckpointId, CheckpointOptions, Exchange, JobGraph, JobOptions, OperatorId,
    Polled, Sink, SinkError, Source, SourceError, SourceOutput, SourceVertex, SplitId, SplitState,
    SubtaskContext, Vertex, VertexKind, Waker, WatermarkStrategy,
    ops::{AggregateCall, AggregateFunction, WindowAggregate, WindowAggregateSpec, WindowKind},
};
use pancake_testkit::{SimRng, SimStorage};
use pancake_types::SystemClock;

/// An event: time, key, value.
pub(crate) type Row = (i64, i64, i64);
/// A window's result: start, key, rows, sum.
pub(crate) type Fired = (i64, i64, i64, i64);

pub(crate) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("ts", DataType::Timestamp(TimeUnit::Millisecond, None), false),
        Field::new("key", DataType::Int64, false),
        Field::new("value", DataType::Int64, false),
    ]))
}

pub(crate) fn batch(rows: &[Row]) -> RecordBatch {
    let times = TimestampMillisecondArray::from_iter_values(rows.iter().map(|row| row.0));
    let keys = Int64Array::from_iter_values(rows.iter().map(|row| row.1));
    let values = Int64Array::from_iter_values(rows.iter().map(|row| row.2));
    let columns: Vec<ArrayRef> = vec![Arc::new(times), Arc::new(keys), Arc::new(values)];
    RecordBatch::try_new(schema(), columns).unwrap()
}

/// Rows of several splits, each out of order by less than `disorder` milliseconds.
pub(crate) fn generate(
    rng: &mut SimRng,
    splits: usize,
    rows: usize,
    disorder: u64,
) -> Vec<Vec<Row>> {
    let split = |rng: &mut SimRng| {
        let mut now = 0;
        let row = |_| {
            now += rng.below(40) as i64;
            (now - rng.below(disorder) as i64, rng.below(7) as i64, rng.below(100) as i64)
        };
        (0..rows).map(row).collect()
    };
    (0..splits).map(|_| split(rng)).collect()
}

/// Reads rows out of memory, one split after the other in turns.
pub(crate) struct Rows {
    pub(crate) splits: Arc<Vec<Vec<Row>>>,
    pub(crate) context: SubtaskContext,
    /// Sometimes says that there is nothing for a while.
    pub(crate) pauses: Option<SimRng>,
    positions: BTreeMap<usize, usize>,
    turn: usize,
}

impl Rows {
    pub(crate) fn new(
        splits: &Arc<Vec<Vec<Row>>>,
        context: SubtaskContext,
        pauses: Option<SimRng>,
    ) -> Self {
        Self { splits: Arc::clone(splits), context, pauses, positions: BTreeMap::new(), turn: 0 }
    }
}

fn split_id(index: usize) -> SplitId {
    SplitId::new(format!("rows-{index}"))
}

impl Source for Rows {
    fn set_waker(&mut self, _waker: Waker) {}

    fn open(&mut self, restored: Vec<SplitState>) -> Result<Vec<SplitId>, SourceError> {
        for index in (0..self.splits.len()).filter(|index| self.context.owns(*index)) {
            let saved = restored.iter().find(|state| state.split == split_id(index));
            let position = saved.map_or(0, |state| {
                u64::from_le_bytes(state.position.as_slice().try_into().unwrap()) as usize
            });
            self.positions.insert(index, position);
        }
        let open = self.positions.iter().filter(|(split, at)| **at < self.splits[**split].len());
        Ok(open.map(|(split, _)| split_id(*split)).collect())
    }

    fn poll(&mut self, rows_max: usize, out: &mut SourceOutput) -> Result<Polled, SourceError> {
        if self.pauses.as_mut().is_some_and(|rng| rng.one_in(4)) {
            return Ok(Polled::PendingFor(Duration::from_millis(5)));
        }
        let open: Vec<usize> = self
            .positions
            .iter()
            .filter(|(split, at)| **at < self.splits[**split].len())
            .map(|(split, _)| *split)
            .collect();
        if open.is_empty() {
            return Ok(Polled::Finished);
        }
        self.turn += 1;
        let split = open[self.turn % open.len()];
        let at = self.positions[&split];
        let rows = &self.splits[split][at..];
        let rows = &rows[..rows.len().min(rows_max)];
        out.emit(&split_id(split), batch(rows));
        self.positions.insert(split, at + rows.len());
        if at + rows.len() == self.splits[split].len() {
            out.finish_split(&split_id(split));
        }
        Ok(Polled::Emitted)
    }

    fn snapshot(&mut self) -> Result<Vec<SplitState>, SourceError> {
        let state = |(split, at): (&usize, &usize)| SplitState {
            split: split_id(*split),
            position: (*at as u64).to_le_bytes().to_vec(),
        };
        Ok(self.positions.iter().map(state).collect())
    }
}

/// The outside world of a sink: it survives crashes.
#[derive(Default)]
pub(crate) struct World {
    /// Everything that was written through at once.
    pub(crate) written: Vec<Fired>,
    /// Everything that was committed.
    pub(crate) committed: Vec<Fired>,
    transactions: BTreeSet<String>,
}

pub(crate) type Outside = Arc<Mutex<World>>;

/// Writes through, and beside it commits with checkpoints.
pub(crate) struct Collect {
    outside: Outside,
    name: String,
    open: Vec<Fired>,
    prepared: Vec<(CheckpointId, String, Vec<Fired>)>,
}

fn fired_rows(batch: &RecordBatch) -> Vec<Fired> {
    let number =
        |index: usize, row: usize| batch.column(index).as_primitive::<Int64Type>().value(row);
    let starts = batch.column(3).as_primitive::<TimestampMillisecondType>();
    let row = |row| (starts.value(row), number(0, row), number(1, row), number(2, row));
    (0..batch.num_rows()).map(row).collect()
}

impl Sink for Collect {
    fn write(&mut self, batch: &ChangeBatch) -> Result<(), SinkError> {
        assert!(batch.is_append_only());
        let rows = fired_rows(batch.rows());
        self.outside.lock().unwrap().written.extend(&rows);
        self.open.extend(rows);
        Ok(())
    }

    fn prepare(&mut self, checkpoint: CheckpointId) -> Result<Vec<u8>, SinkError> {
        let rows = std::mem::take(&mut self.open);
        let transaction = format!("{}@{checkpoint}", self.name);
        self.prepared.push((checkpoint, transaction, rows));
        // Everything that is prepared and not committed yet: an earlier checkpoint may have failed.
        let uncommitted = self.prepared.iter().map(|(_, name, rows)| (name, rows));
        Ok(serde_json::to_vec(&uncommitted.collect::<Vec<_>>()).unwrap())
    }

    fn commit(&mut self, checkpoint: CheckpointId) -> Result<(), SinkError> {
        let mut outside = self.outside.lock().unwrap();
        self.prepared.retain(|(prepared, transaction, rows)| {
            if *prepared > checkpoint {
                return true;
            }
            if outside.transactions.insert(transaction.clone()) {
                outside.committed.extend(rows);
            }
            false
        });
        Ok(())
    }

    fn restore(&mut self, prepared: Vec<Vec<u8>>) -> Result<(), SinkError> {
        let mut outside = self.outside.lock().unwrap();
        for bytes in prepared {
            let transactions: Vec<(String, Vec<Fired>)> = serde_json::from_slice(&bytes).unwrap();
            for (name, rows) in transactions {
                if outside.transactions.insert(name) {
                    outside.committed.extend(rows);
                }
            }
        }
        Ok(())
    }
}

/// The windowed count of a test.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) splits: Arc<Vec<Vec<Row>>>,
    pub(crate) window: WindowKind,
    pub(crate) delay_ms: i64,
    pub(crate) readers: usize,
    pub(crate) counters: usize,
    pub(crate) pauses: Option<u64>,
    pub(crate) idle_timeout: Option<Duration>,
    /// Distinguishes the transactions of one start from those of another.
    pub(crate) attempt: u64,
}

impl Setup {
    pub(crate) fn new(splits: Vec<Vec<Row>>) -> Self {
        Self {
            splits: Arc::new(splits),
            window: WindowKind::Tumble { size_ms: 100 },
            delay_ms: 50,
            readers: 1,
            counters: 1,
            pauses: None,
            idle_timeout: None,
            attempt: 0,
        }
    }

    pub(crate) fn source(&self) -> Vertex {
        let (splits, pauses) = (Arc::clone(&self.splits), self.pauses);
        let factory = move |context: SubtaskContext| {
            let pauses = pauses.map(|seed| SimRng::new(seed + context.subtask as u64));
            Ok(Box::new(Rows::new(&splits, context, pauses)) as Box<dyn Source>)
        };
        let watermark = Some(WatermarkStrategy {
            rowtime: 0,
            delay_ms: self.delay_ms,
            idle_timeout: self.idle_timeout,
        });
        let source = SourceVertex { factory: Arc::new(factory), prepare: None, watermark };
        vertex("rows", self.readers, VertexKind::Source(source))
    }

    pub(crate) fn window(&self) -> Vertex {
        let spec = self.spec();
        let factory = move |_| Ok(Box::new(WindowAggregate::new(spec.clone())?) as _);
        vertex("window", self.counters, VertexKind::Operator(Arc::new(factory)))
    }

    pub(crate) fn spec(&self) -> WindowAggregateSpec {
        let call = |function, column, name: &str| AggregateCall {
            function,
            column,
            distinct: false,
            filter: None,
            name: name.to_owned(),
        };
        WindowAggregateSpec {
            input: schema(),
            rowtime: 0,
            window: self.window,
            offset_ms: 0,
            keys: vec![1],
            aggregates: vec![
                call(AggregateFunction::CountStar, None, "rows"),
                call(AggregateFunction::Sum, Some(2), "sum"),
            ],
        }
    }

    pub(crate) fn sink(&self, outside: &Outside) -> Vertex {
        let (outside, attempt) = (Arc::clone(outside), self.attempt);
        let factory = move |context: SubtaskContext| {
            Ok(Box::new(Collect {
                outside: Arc::clone(&outside),
                name: format!("{attempt}/{}", context.subtask),
                open: Vec::new(),
                prepared: Vec::new(),
            }) as Box<dyn Sink>)
        };
        vertex("sink", self.counters, VertexKind::Sink(Arc::new(factory)))
    }

    pub(crate) fn graph(&self, outside: &Outside) -> JobGraph {
        let mut graph = JobGraph::new("counts");
        let source = graph.add(self.source());
        let window = graph.add(self.window());
        let sink = graph.add(self.sink(outside));
        graph.connect(source, window, Exchange::Hash(vec![1]));
        graph.connect(window, sink, Exchange::Forward);
        graph
    }

    /// What the windows come to if no row is late: computed row by row, window by window.
    pub(crate) fn expected(&self) -> Vec<Fired> {
        let mut windows: BTreeMap<(i64, i64, i64), (i64, i64)> = BTreeMap::new();
        for (time, key, value) in self.splits.iter().flatten() {
            for (start, end) in windows_of(self.window, *time) {
                let window = windows.entry((end, start, *key)).or_default();
                window.0 += 1;
                window.1 += value;
            }
        }
        let fired = |((_, start, key), (rows, sum))| (start, key, rows, sum);
        let mut expected: Vec<Fired> = windows.into_iter().map(fired).collect();
        expected.sort_unstable();
        expected
    }
}

/// The windows that a time is in, written down plainly.
fn windows_of(kind: WindowKind, time: i64) -> Vec<(i64, i64)> {
    match kind {
        WindowKind::Tumble { size_ms } => {
            let start = time.div_euclid(size_ms) * size_ms;
            vec![(start, start + size_ms)]
        }
        WindowKind::Hop { size_ms, slide_ms } => {
            let last = time.div_euclid(slide_ms) * slide_ms;
            let starts = (0..size_ms / slide_ms).map(|n| last - n * slide_ms);
            starts.filter(|start| time < start + size_ms).map(|s| (s, s + size_ms)).collect()
        }
        WindowKind::Cumulate { step_ms, size_max_ms } => {
            let start = time.div_euclid(size_max_ms) * size_max_ms;
            let ends = (1..=size_max_ms / step_ms).map(|n| start + n * step_ms);
            ends.filter(|end| time < *end).map(|end| (start, end)).collect()
        }
    }
}

pub(crate) fn vertex(id: &str, parallelism: usize, kind: VertexKind) -> Vertex {
    Vertex { id: OperatorId::new(id), name: id.to_owned(), parallelism, kind }
}

pub(crate) fn options(batch_rows_max: usize) -> JobOptions {
    let mut options = JobOptions::new(Arc::new(SystemClock::new()));
    options.batch_rows_max = batch_rows_max;
    options
}

/// Options with checkpoints on simulated storage; none by the clock.
pub(crate) fn with_checkpoints(batch_rows_max: usize, storage: &SimStorage) -> JobOptions {
    let dir = PathBuf::from("/jobs/counts");
    let mut checkpoints = CheckpointOptions::new(Arc::new(storage.clone()), dir);
    checkpoints.interval = None;
    let mut options = options(batch_rows_max);
    options.checkpoints = Some(checkpoints);
    options
}

pub(crate) fn storage(seed: u64) -> SimStorage {
    let storage = SimStorage::new(seed);
    storage.create_durable_dir(&PathBuf::from("/jobs/counts"));
    storage
}

/// The last result of each window and key: what a reader that folds the output sees.
pub(crate) fn folded(rows: &[Fired], kind: WindowKind) -> Vec<Fired> {
    if let WindowKind::Cumulate { .. } = kind {
        // Windows that start together differ in their end, which these rows do not carry.
        let distinct: BTreeSet<Fired> = rows.iter().copied().collect();
        return distinct.into_iter().collect();
    }
    let last: BTreeMap<(i64, i64), (i64, i64)> =
        rows.iter().map(|(start, key, rows, sum)| ((*start, *key), (*rows, *sum))).collect();
    last.into_iter().map(|((start, key), (rows, sum))| (start, key, rows, sum)).collect()
}

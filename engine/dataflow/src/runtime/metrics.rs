//! What each subtask shows while it runs: rows, time, queue, watermark, state.
//!
//! * Counters are atomics that the subtask alone writes; reading them never slows it down.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{
            AtomicI64, AtomicU8, AtomicU64,
            Ordering::{Relaxed, SeqCst},
        },
    },
    time::Duration,
};

use pancake_types::Watermark;
use serde::{Deserialize, Serialize};

use super::channel::{Channel, Signal, lock};
use crate::{Gauges, OperatorId};

/// What a subtask spends its time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Activity {
    /// Works.
    Busy = 0,
    /// Waits for input.
    Idle = 1,
    /// Waits for room in an output.
    Backpressured = 2,
}

/// Time and queues of one task; its vertices share it.
#[derive(Debug)]
pub(crate) struct TaskMetrics {
    micros: [AtomicU64; 3],
    activity: AtomicU8,
    since_us: AtomicU64,
    inputs: Vec<Arc<Channel>>,
    signal: Arc<Signal>,
}

impl TaskMetrics {
    /// A task counts as busy until its first step has found nothing to do.
    pub(crate) fn new(inputs: Vec<Arc<Channel>>, signal: &Arc<Signal>, now: Duration) -> Self {
        Self {
            micros: Default::default(),
            activity: AtomicU8::new(Activity::Busy as u8),
            since_us: AtomicU64::new(now.as_micros() as u64),
            inputs,
            signal: Arc::clone(signal),
        }
    }

    /// Whether the task has done all that there is to do, and nothing has woken it since.
    fn is_at_rest(&self) -> bool {
        self.activity.load(SeqCst) == Activity::Idle as u8 && !self.signal.is_set()
    }

    /// The time until now belongs to the activity so far; a new one begins.
    pub(crate) fn switch(&self, activity: Activity, now: Duration) {
        let now = now.as_micros() as u64;
        let since = self.since_us.swap(now, Relaxed);
        let last = self.activity.swap(activity as u8, SeqCst);
        if let Some(counter) = self.micros.get(usize::from(last)) {
            counter.fetch_add(now.saturating_sub(since), Relaxed);
        }
    }

    /// Busy, idle and backpressured time until now, in microseconds.
    fn read(&self, now: Duration) -> [u64; 3] {
        let mut micros = [0; 3];
        for (to, from) in micros.iter_mut().zip(&self.micros) {
            *to = from.load(Relaxed);
        }
        let open = (now.as_micros() as u64).saturating_sub(self.since_us.load(Relaxed));
        if let Some(counter) = micros.get_mut(usize::from(self.activity.load(Relaxed))) {
            *counter += open;
        }
        micros
    }
}

/// Rows, watermark and gauges of one vertex in one subtask.
#[derive(Debug)]
pub(crate) struct NodeMetrics {
    pub(crate) vertex: OperatorId,
    pub(crate) subtask: usize,
    pub(crate) task: Arc<TaskMetrics>,
    pub(crate) rows_in: AtomicU64,
    pub(crate) rows_out: AtomicU64,
    pub(crate) watermark: AtomicI64,
    pub(crate) checkpoint: AtomicU64,
    gauges: Mutex<(Gauges, Option<String>)>,
    is_head: bool,
}

impl NodeMetrics {
    pub(crate) fn new(
        vertex: &OperatorId,
        subtask: usize,
        task: &Arc<TaskMetrics>,
        is_head: bool,
    ) -> Self {
        Self {
            vertex: vertex.clone(),
            subtask,
            task: Arc::clone(task),
            rows_in: AtomicU64::new(0),
            rows_out: AtomicU64::new(0),
            watermark: AtomicI64::new(i64::MIN),
            checkpoint: AtomicU64::new(0),
            gauges: Mutex::default(),
            is_head,
        }
    }

    pub(crate) fn set_gauges(&self, gauges: Gauges, first_skipped: Option<String>) {
        *lock(&self.gauges) = (gauges, first_skipped);
    }

    pub(crate) fn read(&self, now: Duration) -> SubtaskStats {
        let [busy_us, idle_us, backpressured_us] = self.task.read(now);
        let (gauges, first_skipped) = lock(&self.gauges).clone();
        let inputs = if self.is_head { self.task.inputs.as_slice() } else { &[] };
        let checkpoint = self.checkpoint.load(Relaxed);
        SubtaskStats {
            subtask: self.subtask,
            rows_in: self.rows_in.load(Relaxed),
            rows_out: self.rows_out.load(Relaxed),
            at_rest: self.task.is_at_rest(),
            busy_us,
            idle_us,
            backpressured_us,
            queue: inputs.iter().map(|channel| channel.fullness()).fold(0.0, f64::max),
            watermark: Watermark::from_millis(self.watermark.load(Relaxed)),
            gauges,
            first_skipped,
            last_checkpoint: (checkpoint > 0).then_some(checkpoint),
        }
    }
}

/// One vertex in one subtask, at one moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SubtaskStats {
    /// Number of the subtask.
    pub subtask: usize,
    /// Rows that came in; for a source, rows it read.
    pub rows_in: u64,
    /// Rows that went out; for a sink, rows it wrote.
    pub rows_out: u64,
    /// Whether it has done all that there is to do, and nothing has woken it since. Read upstream first: rows that have
    /// left a subtask at rest are seen by the next one as work.
    pub at_rest: bool,
    /// Microseconds of work since the start. Vertices chained in one thread share their times.
    pub busy_us: u64,
    /// Microseconds without input.
    pub idle_us: u64,
    /// Microseconds in which an output had no room.
    pub backpressured_us: u64,
    /// How full the fullest input queue is, from 0 to 1; 0 inside a chain.
    pub queue: f64,
    /// Event time so far; [`Watermark::MIN`] before the first, [`Watermark::MAX`] after the end.
    pub watermark: Watermark,
    /// The vertex's own numbers.
    pub gauges: Gauges,
    /// Where the first skipped row is and why it was skipped.
    pub first_skipped: Option<String>,
    /// The last checkpoint it took part in.
    pub last_checkpoint: Option<u64>,
}

impl SubtaskStats {
    /// Shares of busy, idle and backpressured time since an earlier look (or since the start), each from 0 to 1.
    pub fn shares_since(&self, earlier: Option<&Self>) -> [f64; 3] {
        let before = earlier.map_or([0; 3], |e| [e.busy_us, e.idle_us, e.backpressured_us]);
        let after = [self.busy_us, self.idle_us, self.backpressured_us];
        let mut spent = [0.0; 3];
        for ((to, after), before) in spent.iter_mut().zip(after).zip(before) {
            *to = after.saturating_sub(before) as f64;
        }
        let whole: f64 = spent.iter().sum();
        spent.map(|part| if whole > 0.0 { part / whole } else { 0.0 })
    }
}

/// One vertex with its subtasks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VertexStats {
    /// Its id in checkpoints.
    pub id: OperatorId,
    /// Its name for people.
    pub name: String,
    /// `source`, `operator` or `sink`.
    pub kind: String,
    /// Its subtasks, by number.
    pub subtasks: Vec<SubtaskStats>,
}

/// One edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeStats {
    /// Id of the vertex that writes.
    pub from: OperatorId,
    /// Id of the vertex that reads.
    pub to: OperatorId,
    /// `forward`, `hash` or `rebalance`.
    pub exchange: String,
    /// Whether both ends run in one thread, with no queue between.
    pub chained: bool,
}

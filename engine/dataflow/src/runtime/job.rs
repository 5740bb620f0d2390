//! A running job: how it is started, watched and stopped.
//!
//! * A status is final once it is one of finished, failed and cancelled; the first one counts.
//! * When the last handle of a job is dropped the job is cancelled: nothing runs that nobody owns.

use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, TryRecvError, sync_channel},
    },
    time::Duration,
};

use pancake_types::{Clock, Storage};
use serde::{Deserialize, Serialize};

use super::{
    build,
    channel::{Signal, lock},
    coordinator::{CheckpointStats, with_sources},
    mailbox::{Event, Inbox},
    metrics::{EdgeStats, NodeMetrics, SubtaskStats, VertexStats},
    scheduler::{Join, Scheduler},
};
use crate::{
    BoxError, CheckpointError, CheckpointId, GraphError, JobGraph, OperatorError, OperatorId,
    SinkError, SourceError,
};

/// Which checkpoint a start comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Restore {
    /// The newest whole one if there is any, else from the beginning.
    #[default]
    Latest,
    /// This one; it is an error if it is not there.
    From(CheckpointId),
    /// From the beginning, whatever is there.
    Nothing,
}

/// Where and how often a job checkpoints.
#[derive(Clone, Debug)]
pub struct CheckpointOptions {
    /// The files.
    pub storage: Arc<dyn Storage>,
    /// The job's own directory.
    pub dir: PathBuf,
    /// Time between two checkpoints; `None`: only when asked for, and at the end.
    pub interval: Option<Duration>,
    /// After this long a checkpoint is given up.
    pub timeout: Duration,
    /// How many complete checkpoints are kept.
    pub keep: usize,
    /// Which one to start from.
    pub restore: Restore,
}

impl CheckpointOptions {
    /// Every ten seconds, the last three kept, starting from the newest.
    pub fn new(storage: Arc<dyn Storage>, dir: PathBuf) -> Self {
        Self {
            storage,
            dir,
            interval: Some(Duration::from_secs(10)),
            timeout: Duration::from_mins(10),
            keep: 3,
            restore: Restore::Latest,
        }
    }
}

/// How a job runs.
#[derive(Clone, Debug)]
pub struct JobOptions {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Rows that a source reads at once, at most.
    pub batch_rows_max: usize,
    /// Messages that a queue between two subtasks holds, at most.
    pub queue_messages_max: usize,
    /// Rows that it holds, at most; one batch always fits.
    pub queue_rows_max: usize,
    /// Checkpoints; without them a job that ends abnormally begins again.
    pub checkpoints: Option<CheckpointOptions>,
}

impl JobOptions {
    /// The usual sizes, no checkpoints.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            batch_rows_max: 8192,
            queue_messages_max: 64,
            queue_rows_max: 32_768,
            checkpoints: None,
        }
    }
}

/// Why a job did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The graph makes no sense.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A vertex could not be made.
    #[error("cannot make `{vertex}`")]
    Vertex {
        /// Its name.
        vertex: String,
        /// What its factory said.
        source: BoxError,
    },
    /// The checkpoint could not be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint holds state of a vertex that the graph does not have.
    #[error("checkpoint {checkpoint} has state of `{vertex}`, which the job does not have")]
    LeftOver {
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// The vertex.
        vertex: OperatorId,
    },
    /// The checkpoint holds state of another kind than the vertex has.
    #[error("state of `{vertex}` in checkpoint {checkpoint} is not of its kind")]
    Kind {
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// The vertex.
        vertex: OperatorId,
    },
    /// The system gave no threads.
    #[error("cannot start the job's threads")]
    Schedule(#[from] io::Error),
}

/// Why a running job failed.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// An operator failed.
    #[error("`{vertex}` failed")]
    Operator {
        /// Name of the vertex.
        vertex: String,
        /// What it said.
        source: OperatorError,
    },
    /// A source failed.
    #[error("`{vertex}` failed")]
    Source {
        /// Name of the vertex.
        vertex: String,
        /// What it said.
        source: SourceError,
    },
    /// A sink failed.
    #[error("`{vertex}` failed")]
    Sink {
        /// Name of the vertex.
        vertex: String,
        /// What it said.
        source: SinkError,
    },
    /// A subtask panicked: a bug of ours.
    #[error("`{vertex}` panicked: {message}")]
    Panic {
        /// Name of the first vertex of its chain.
        vertex: String,
        /// The panic's message.
        message: String,
    },
    /// Restored state is of another kind than the vertex.
    #[error("restored state of `{vertex}` is not of its kind")]
    StateKind {
        /// Name of the vertex.
        vertex: String,
    },
    /// The rows were all read, but what was written could not be committed.
    #[error("the last checkpoint failed: {reason}")]
    LastCheckpoint {
        /// Why, with all causes.
        reason: String,
    },
}

/// Why a request to a job was not met.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// The job runs without checkpoints.
    #[error("the job has no checkpoints")]
    NoCheckpoints,
    /// The checkpoint failed; the job goes on.
    #[error("checkpoint {checkpoint} failed: {reason}")]
    Checkpoint {
        /// Which one.
        checkpoint: CheckpointId,
        /// Why, with all causes.
        reason: String,
    },
    /// The job is over.
    #[error("the job is over")]
    Over,
    /// Too many requests wait already.
    #[error("too many requests wait for the job")]
    Busy,
}

/// How a job is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopMode {
    /// At once; the next start goes on from the last checkpoint.
    Now,
    /// After one more checkpoint, with nothing read after it; a job without checkpoints stops at once.
    WithCheckpoint,
}

/// Where a job stands.
#[derive(Clone, Debug)]
pub enum JobStatus {
    /// It runs.
    Running,
    /// All inputs ended and everything is committed.
    Finished,
    /// A part of it failed.
    Failed {
        /// What failed first.
        error: Arc<TaskError>,
    },
    /// It was stopped.
    Cancelled,
}

impl JobStatus {
    /// The word for it: `running`, `finished`, `failed` or `cancelled`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed { .. } => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether it will not change any more.
    pub const fn is_final(&self) -> bool {
        !matches!(self, Self::Running)
    }

    /// Why the job failed, with all causes, in one line.
    pub fn error(&self) -> Option<String> {
        match self {
            Self::Failed { error } => Some(with_sources(error.as_ref())),
            Self::Running | Self::Finished | Self::Cancelled => None,
        }
    }
}

/// A job at one moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobStats {
    /// `running`, `finished`, `failed` or `cancelled`.
    pub status: String,
    /// Why it failed.
    pub error: Option<String>,
    /// The vertices, in the graph's order.
    pub vertices: Vec<VertexStats>,
    /// The edges.
    pub edges: Vec<EdgeStats>,
    /// The checkpoints.
    pub checkpoints: CheckpointStats,
}

/// What all tasks of a job share.
#[derive(Debug)]
pub(crate) struct JobShared {
    status: Mutex<JobStatus>,
    changed: Condvar,
    cancelled: AtomicBool,
    signals: Vec<Arc<Signal>>,
    pub(crate) checkpoints: Mutex<CheckpointStats>,
}

impl JobShared {
    pub(crate) fn new(signals: Vec<Arc<Signal>>, restored_from: Option<CheckpointId>) -> Self {
        Self {
            status: Mutex::new(JobStatus::Running),
            changed: Condvar::new(),
            cancelled: AtomicBool::new(false),
            signals,
            checkpoints: Mutex::new(CheckpointStats {
                restored_from,
                last: restored_from,
                ..CheckpointStats::default()
            }),
        }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    pub(crate) fn is_over(&self) -> bool {
        lock(&self.status).is_final()
    }

    /// Ends the job unless it has ended already; wakes all tasks, so that they leave.
    pub(crate) fn conclude(&self, status: JobStatus) {
        let mut current = lock(&self.status);
        if current.is_final() {
            return;
        }
        *current = status;
        drop(current);
        self.cancelled.store(true, Ordering::Release);
        self.signals.iter().for_each(|signal| signal.notify());
        self.changed.notify_all();
    }
}

/// What a vertex and its metrics are called.
pub(crate) struct VertexInfo {
    pub(crate) id: OperatorId,
    pub(crate) name: String,
    pub(crate) kind: &'static str,
}

struct Inner {
    shared: Arc<JobShared>,
    inbox: Arc<Inbox>,
    clock: Arc<dyn Clock>,
    vertices: Vec<VertexInfo>,
    edges: Vec<EdgeStats>,
    nodes: Vec<Arc<NodeMetrics>>,
    join: Mutex<Option<Join>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.conclude(JobStatus::Cancelled);
    }
}

/// A running job. Cheap to clone; the job is cancelled when the last one is dropped.
#[derive(Clone)]
pub struct JobHandle {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for JobHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobHandle").field("status", &self.status()).finish_non_exhaustive()
    }
}

/// An answer that comes when the job has done what was asked.
#[derive(Debug)]
pub struct Answer<T>(Receiver<Result<T, JobError>>);

impl<T> Answer<T> {
    /// Blocks until the answer is there.
    pub fn wait(self) -> Result<T, JobError> {
        self.0.recv().unwrap_or(Err(JobError::Over))
    }

    /// The answer, if it is there.
    pub fn try_get(&self) -> Option<Result<T, JobError>> {
        match self.0.try_recv() {
            Ok(answer) => Some(answer),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(JobError::Over)),
        }
    }
}

impl JobHandle {
    /// Starts a job: makes its vertices, restores them as the options say, and hands its tasks to a scheduler.
    pub fn start(
        graph: &JobGraph,
        options: &JobOptions,
        scheduler: &dyn Scheduler,
    ) -> Result<Self, StartError> {
        let built = build::build(graph, options, scheduler)?;
        let join = scheduler.schedule(&graph.name, built.tasks)?;
        Ok(Self {
            inner: Arc::new(Inner {
                shared: built.shared,
                inbox: built.inbox,
                clock: built.clock,
                vertices: built.vertices,
                edges: built.edges,
                nodes: built.nodes,
                join: Mutex::new(Some(join)),
            }),
        })
    }

    /// Where the job stands.
    pub fn status(&self) -> JobStatus {
        lock(&self.inner.shared.status).clone()
    }

    /// Asks for a checkpoint now.
    pub fn checkpoint_now(&self) -> Answer<CheckpointId> {
        let (reply, answer) = sync_channel(1);
        self.request(Event::Checkpoint(reply.clone()), |error| drop(reply.try_send(Err(error))));
        Answer(answer)
    }

    /// Asks the job to stop; the answer names the checkpoint that it left, if it made one.
    pub fn stop(&self, mode: StopMode) -> Answer<Option<CheckpointId>> {
        let (reply, answer) = sync_channel(1);
        self.request(Event::Stop(mode, reply.clone()), |error| drop(reply.try_send(Err(error))));
        Answer(answer)
    }

    fn request(&self, event: Event, refuse: impl FnOnce(JobError)) {
        if self.inner.shared.is_over() {
            return refuse(JobError::Over);
        }
        if let Err(error) = self.inner.inbox.request(event) {
            refuse(error);
        }
    }

    /// Blocks until the job is over and all its threads are gone; the final status.
    pub fn wait(&self) -> JobStatus {
        let mut current = lock(&self.inner.shared.status);
        while !current.is_final() {
            current =
                self.inner.shared.changed.wait(current).unwrap_or_else(PoisonError::into_inner);
        }
        let status = current.clone();
        // The tasks look at the status on their way out.
        drop(current);
        // The lock is held over the join, so that every waiter waits for it.
        let mut join = lock(&self.inner.join);
        if let Some(join) = join.take() {
            join();
        }
        status
    }

    /// What the job shows now.
    pub fn stats(&self) -> JobStats {
        let inner = &self.inner;
        let now = inner.clock.monotonic();
        let mut by_vertex: BTreeMap<&OperatorId, Vec<SubtaskStats>> = BTreeMap::new();
        for node in &inner.nodes {
            by_vertex.entry(&node.vertex).or_default().push(node.read(now));
        }
        let vertices = inner.vertices.iter().map(|vertex| {
            let mut subtasks = by_vertex.remove(&vertex.id).unwrap_or_default();
            subtasks.sort_by_key(|subtask| subtask.subtask);
            let (id, name, kind) = (vertex.id.clone(), vertex.name.clone(), vertex.kind.to_owned());
            VertexStats { id, name, kind, subtasks }
        });
        let status = self.status();
        JobStats {
            status: status.word().to_owned(),
            error: status.error(),
            vertices: vertices.collect(),
            edges: inner.edges.clone(),
            checkpoints: lock(&inner.shared.checkpoints).clone(),
        }
    }
}

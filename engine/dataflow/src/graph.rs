//! A job before it runs: vertices with their factories, and edges that say how rows travel.
//!
//! * A vertex's [`OperatorId`] names its state in checkpoints; it must not depend on the position in the plan alone.
//! * Factories are called once per subtask and start, so a job can be started again from the same graph.
//! * Vertices on a `Forward` edge run in one thread, with no queue between them.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    BoxError, ChangeBatch, Operator, OperatorError, Sink, Source, watermark::WatermarkStrategy,
};

/// Name of a vertex in checkpoints. Stable over restarts and over changes elsewhere in the graph.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OperatorId(Arc<str>);

impl OperatorId {
    /// Names a vertex.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OperatorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which of how many subtasks of a vertex something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubtaskContext {
    /// Number of the subtask, from 0.
    pub subtask: usize,
    /// How many there are.
    pub parallelism: usize,
}

impl SubtaskContext {
    /// Whether the split with this index (a partition's number, a file's place in the sorted list) is this subtask's.
    pub const fn owns(&self, split_index: usize) -> bool {
        split_index % self.parallelism == self.subtask
    }
}

/// Makes a subtask's source.
pub type SourceFactory =
    Arc<dyn Fn(SubtaskContext) -> Result<Box<dyn Source>, BoxError> + Send + Sync>;
/// Makes a subtask's operator.
pub type OperatorFactory =
    Arc<dyn Fn(SubtaskContext) -> Result<Box<dyn Operator>, BoxError> + Send + Sync>;
/// Makes a subtask's sink.
pub type SinkFactory = Arc<dyn Fn(SubtaskContext) -> Result<Box<dyn Sink>, BoxError> + Send + Sync>;
/// A change of rows, batch by batch: filter, projection, computed columns.
pub type RowTransform = Box<dyn FnMut(ChangeBatch) -> Result<ChangeBatch, OperatorError> + Send>;
/// Makes a subtask's row transform.
pub type RowTransformFactory =
    Arc<dyn Fn(SubtaskContext) -> Result<RowTransform, BoxError> + Send + Sync>;

/// A source with what happens to its rows split by split.
#[derive(Clone)]
pub struct SourceVertex {
    /// Makes the readers.
    pub factory: SourceFactory,
    /// Runs on each split's rows before event time is read: where computed columns (`ts AS …`) belong.
    pub prepare: Option<RowTransformFactory>,
    /// How event time is read; without it the source gives no watermark until it ends.
    pub watermark: Option<WatermarkStrategy>,
}

impl fmt::Debug for SourceVertex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceVertex").field("watermark", &self.watermark).finish_non_exhaustive()
    }
}

/// What a vertex does.
#[derive(Clone)]
pub enum VertexKind {
    /// Reads.
    Source(SourceVertex),
    /// Computes.
    Operator(OperatorFactory),
    /// Writes.
    Sink(SinkFactory),
}

impl fmt::Debug for VertexKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source(_) => "Source",
            Self::Operator(_) => "Operator",
            Self::Sink(_) => "Sink",
        })
    }
}

/// A step of a job.
#[derive(Clone, Debug)]
pub struct Vertex {
    /// Its name in checkpoints.
    pub id: OperatorId,
    /// Its name for people, such as `Window(TUMBLE 10 s)`.
    pub name: String,
    /// How many subtasks it has.
    pub parallelism: usize,
    /// What it does.
    pub kind: VertexKind,
}

/// How rows travel along an edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// Subtask *i* to subtask *i*, in the same thread. Both ends have the same parallelism.
    Forward,
    /// By the key in these columns: equal keys meet in one subtask. No columns: all rows in one subtask.
    Hash(Vec<usize>),
    /// Batch by batch to each subtask in turn.
    Rebalance,
}

/// Place of a vertex in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VertexId(pub(crate) usize);

impl VertexId {
    /// The number of the vertex, from 0 in the order of adding.
    pub const fn index(self) -> usize {
        self.0
    }
}

/// A way for rows from one vertex to another.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Where rows come from.
    pub from: VertexId,
    /// Where they go.
    pub to: VertexId,
    /// Which input of `to` this is.
    pub input: usize,
    /// How they are spread over its subtasks.
    pub exchange: Exchange,
}

/// Why a graph cannot run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// A vertex without subtasks.
    #[error("`{vertex}` has a parallelism of 0")]
    NoSubtasks {
        /// Its name.
        vertex: String,
    },
    /// More subtasks than key groups.
    #[error("`{vertex}` has a parallelism of {parallelism}; {} is the largest", crate::KEY_GROUPS)]
    TooManySubtasks {
        /// Its name.
        vertex: String,
        /// What was asked for.
        parallelism: usize,
    },
    /// Two vertices with one id would share their state.
    #[error("two vertices have the id `{id}`")]
    DuplicateId {
        /// The id.
        id: OperatorId,
    },
    /// A forward edge between vertices of different parallelism.
    #[error("`{from}` and `{to}` differ in parallelism; rows cannot be forwarded between them")]
    ForwardParallelism {
        /// Name of the one end.
        from: String,
        /// Name of the other.
        to: String,
    },
    /// An edge into a source, out of a sink, or from or to a vertex of another graph.
    #[error("an edge from `{from}` to `{to}` cannot carry rows")]
    Edge {
        /// Name of the one end.
        from: String,
        /// Name of the other.
        to: String,
    },
    /// A vertex that nothing flows into, or that hands its rows to no one.
    #[error("`{vertex}` is not connected")]
    Unconnected {
        /// Its name.
        vertex: String,
    },
    /// Rows would go round.
    #[error("the graph has a cycle through `{vertex}`")]
    Cycle {
        /// Name of a vertex on it.
        vertex: String,
    },
}

/// A job before it runs.
#[derive(Clone, Debug, Default)]
pub struct JobGraph {
    /// The job's name for people.
    pub name: String,
    vertices: Vec<Vertex>,
    edges: Vec<Edge>,
}

impl JobGraph {
    /// A graph without vertices.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), vertices: Vec::new(), edges: Vec::new() }
    }

    /// Adds a vertex and says where it is.
    pub fn add(&mut self, vertex: Vertex) -> VertexId {
        self.vertices.push(vertex);
        VertexId(self.vertices.len() - 1)
    }

    /// Lets rows flow from one vertex to input 0 of another.
    pub fn connect(&mut self, from: VertexId, to: VertexId, exchange: Exchange) {
        self.connect_input(from, to, 0, exchange);
    }

    /// Lets rows flow from one vertex to a numbered input of another.
    pub fn connect_input(
        &mut self,
        from: VertexId,
        to: VertexId,
        input: usize,
        exchange: Exchange,
    ) {
        self.edges.push(Edge { from, to, input, exchange });
    }

    /// The vertices, in the order of adding.
    pub fn vertices(&self) -> &[Vertex] {
        &self.vertices
    }

    /// The edges, in the order of adding.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }
}

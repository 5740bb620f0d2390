//! The streaming runtime: operators, windows, watermarks, state, checkpoints.
//!
//! * It knows no SQL and no connector: both come in as [`Operator`]s, [`Source`]s and [`Sink`]s of a [`JobGraph`].
//! * Operators are synchronous state machines. They never read a clock, spawn a task or open a socket.
//! * Every queue is bounded; a full one slows the writer down and shows as backpressure.
//!
//! Start reading at [`JobGraph`], then [`Operator`]; a graph runs by [`JobHandle::start`].

mod batch;
mod checkpoint;
mod codec;
mod graph;
mod hash;
mod operator;
pub mod ops;
mod runtime;
mod sink;
mod source;
mod watermark;

pub use batch::{BatchError, ChangeBatch, RowKind};
pub use checkpoint::CheckpointError;
pub use graph::{
    Edge, Exchange, GraphError, JobGraph, OperatorFactory, OperatorId, RowTransform,
    RowTransformFactory, SinkFactory, SourceFactory, SourceVertex, SubtaskContext, Vertex,
    VertexId, VertexKind,
};
pub use operator::{BoxError, Gauges, Operator, OperatorError, OperatorState, Output};
pub use runtime::{
    Answer, CheckpointOptions, CheckpointStats, EdgeStats, JobError, JobHandle, JobOptions,
    JobStats, JobStatus, Join, Pause, Restore, Scheduler, Simulation, StartError, Step, StopMode,
    SubtaskStats, Task, TaskError, Threads, VertexStats, VirtualClock,
};
pub use sink::{CheckpointId, Sink, SinkError};
pub use source::{Polled, Source, SourceError, SourceOutput, SplitId, SplitState, Waker};
pub use watermark::WatermarkStrategy;

/// How many key groups keyed state is cut into; fixed, because state on disk is addressed by it.
pub const KEY_GROUPS: u16 = 128;

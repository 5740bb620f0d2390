//! How a graph runs: subtasks that are stepped, the bounded channels between them, and who steps them.
//!
//! * A subtask is a chain of vertices in one thread. It never blocks: a full output or an empty input ends its step.
//! * Because a step is all that a scheduler needs, threads and the seeded simulation run the same code.

mod build;
mod chain;
mod channel;
mod coordinator;
mod gate;
mod job;
mod mailbox;
mod metrics;
mod outputs;
mod reader;
mod scheduler;
mod simulation;
mod subtask;

pub use coordinator::CheckpointStats;
pub use job::{
    Answer, CheckpointOptions, JobError, JobHandle, JobOptions, JobStats, JobStatus, Restore,
    StartError, StopMode, TaskError,
};
pub use metrics::{EdgeStats, SubtaskStats, VertexStats};
pub use scheduler::{Join, Scheduler, Step, Task, Threads};
pub use simulation::{Pause, Simulation, VirtualClock};

//! What the coordinator tells a subtask, and what subtasks and users tell the coordinator.
//!
//! * A mailbox has slots, not a queue: a newer checkpoint takes the place of one that was not begun, so a subtask that
//!   is stuck collects nothing.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, mpsc::SyncSender},
};

use super::{
    channel::{Signal, lock},
    job::{JobError, StopMode, TaskError},
};
use crate::{CheckpointId, OperatorId};

/// The states of one subtask's vertices.
pub(crate) type States = Vec<(OperatorId, Vec<u8>)>;

/// What a subtask is to do next.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Orders {
    /// Sources: snapshot, and send the barrier.
    pub(crate) checkpoint: Option<CheckpointId>,
    /// Sources: read no further once the barrier is sent.
    pub(crate) suspend: bool,
    /// Sources: read on after all.
    pub(crate) resume: bool,
    /// A checkpoint is durable: commit.
    pub(crate) complete: Option<CheckpointId>,
    /// After that, leave: the job has finished.
    pub(crate) leave: bool,
}

/// Where the coordinator leaves orders for a subtask.
#[derive(Debug)]
pub(crate) struct Mailbox {
    orders: Mutex<Orders>,
    signal: Arc<Signal>,
}

impl Mailbox {
    pub(crate) fn new(signal: &Arc<Signal>) -> Self {
        Self { orders: Mutex::default(), signal: Arc::clone(signal) }
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut Orders)) {
        change(&mut lock(&self.orders));
        self.signal.notify();
    }

    pub(crate) fn take(&self) -> Orders {
        std::mem::take(&mut lock(&self.orders))
    }
}

/// What the coordinator hears.
#[derive(Debug)]
pub(crate) enum Event {
    /// A subtask snapshotted its part of a checkpoint.
    Snapshot { checkpoint: CheckpointId, task: usize, states: States },
    /// A subtask has seen the end of its inputs; these are its last states.
    Finished { task: usize, states: States },
    /// A subtask committed the final checkpoint and is gone.
    Left,
    /// A subtask failed.
    Failed(TaskError),
    /// Somebody wants a checkpoint now.
    Checkpoint(SyncSender<Result<CheckpointId, JobError>>),
    /// Somebody wants the job to stop.
    Stop(StopMode, SyncSender<Result<Option<CheckpointId>, JobError>>),
}

/// Requests that wait for the coordinator, at most.
const REQUESTS_MAX: usize = 64;

/// The coordinator's inbox. Subtasks have at most a few events each under way, requests are limited.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    events: Mutex<VecDeque<Event>>,
    pub(crate) signal: Arc<Signal>,
}

impl Inbox {
    pub(crate) fn send(&self, event: Event) {
        lock(&self.events).push_back(event);
        self.signal.notify();
    }

    /// Sends a user's request unless too many wait already.
    pub(crate) fn request(&self, event: Event) -> Result<(), JobError> {
        let mut events = lock(&self.events);
        if events.len() >= REQUESTS_MAX {
            return Err(JobError::Busy);
        }
        events.push_back(event);
        drop(events);
        self.signal.notify();
        Ok(())
    }

    pub(crate) fn take(&self) -> Option<Event> {
        lock(&self.events).pop_front()
    }
}

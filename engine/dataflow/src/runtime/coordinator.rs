//! Starts checkpoints, collects their parts, writes them, tells everybody, and knows when a job is over.
//!
//! * A checkpoint that fails (disk full, too slow) is counted and shown; the job goes on, the next one is tried.
//! * Sinks hear of a checkpoint only after its manifest is durable.
//! * When all subtasks have ended, a last checkpoint is written, so that the tail of a bounded job is committed too.

use std::{
    sync::{Arc, mpsc::SyncSender},
    time::Duration,
};

use pancake_types::Clock;
use serde::{Deserialize, Serialize};

use super::{
    channel::lock,
    job::{JobError, JobShared, JobStatus, StopMode, TaskError},
    mailbox::{Event, Inbox, Mailbox, States},
    scheduler::{Step, Task},
};
use crate::{
    CheckpointError, CheckpointId,
    checkpoint::{CheckpointStore, Manifest, PartBytes},
};

/// How often the last checkpoint of a job is tried before the job fails.
const LAST_TRIES_MAX: u32 = 5;
/// Pause between these tries.
const LAST_TRY_PAUSE: Duration = Duration::from_secs(1);

/// How the checkpoints of a job are doing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CheckpointStats {
    /// The newest complete one.
    pub last: Option<CheckpointId>,
    /// When it was complete, in milliseconds since 1970.
    pub last_at: Option<i64>,
    /// How long it took, from the order to its manifest.
    pub last_duration_ms: Option<u64>,
    /// Bytes of state in it.
    pub last_bytes: Option<u64>,
    /// The one under way.
    pub in_progress: Option<CheckpointId>,
    /// How many are complete since this start.
    pub completed: u64,
    /// How many failed since this start.
    pub failed: u64,
    /// Why the last one that failed did.
    pub last_error: Option<String>,
    /// The one that this start came from.
    pub restored_from: Option<CheckpointId>,
}

type Reply<T> = SyncSender<Result<T, JobError>>;

struct Pending {
    checkpoint: CheckpointId,
    started: Duration,
    states: Vec<Option<States>>,
    replies: Vec<Reply<CheckpointId>>,
    stop: Option<Reply<Option<CheckpointId>>>,
}

/// One task of the job, as the coordinator sees it.
pub(crate) struct Member {
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) is_source: bool,
    pub(crate) subtask: usize,
    pub(crate) finished: Option<States>,
}

/// How a job checkpoints.
pub(crate) struct Policy {
    pub(crate) job: String,
    pub(crate) store: Option<CheckpointStore>,
    pub(crate) interval: Option<Duration>,
    pub(crate) timeout: Duration,
    pub(crate) next: CheckpointId,
}

/// The task that coordinates a job.
pub(crate) struct Coordinator {
    pub(crate) policy: Policy,
    pub(crate) members: Vec<Member>,
    pub(crate) shared: Arc<JobShared>,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) clock: Arc<dyn Clock>,
    pending: Option<Pending>,
    /// When the last checkpoint was begun; the start counts as one.
    begun: Duration,
    /// Tries of the last checkpoint, and when the next is due.
    last_tries: u32,
    last_try_at: Option<Duration>,
    left: Option<usize>,
}

impl Coordinator {
    pub(crate) fn new(
        policy: Policy,
        members: Vec<Member>,
        shared: Arc<JobShared>,
        inbox: Arc<Inbox>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let begun = clock.monotonic();
        Self {
            policy,
            members,
            shared,
            inbox,
            clock,
            pending: None,
            begun,
            last_tries: 0,
            last_try_at: None,
            left: None,
        }
    }

    fn hear(&mut self, event: Event) {
        match event {
            Event::Snapshot { checkpoint, task, states } => {
                let pending = self.pending.as_mut().filter(|p| p.checkpoint == checkpoint);
                if let Some(slot) = pending.and_then(|pending| pending.states.get_mut(task)) {
                    *slot = Some(states);
                    self.complete_if_whole();
                }
            }
            Event::Finished { task, states } => {
                if let Some(member) = self.members.get_mut(task) {
                    member.finished = Some(states);
                }
                if self.members.iter().all(|member| member.finished.is_some()) {
                    self.try_last_checkpoint();
                } else {
                    self.complete_if_whole();
                }
            }
            Event::Left => self.left = self.left.map(|left| left + 1),
            Event::Failed(error) => self.fail(error),
            Event::Checkpoint(reply) => self.checkpoint_for(reply),
            Event::Stop(mode, reply) => self.stop(mode, reply),
        }
    }

    fn checkpoint_for(&mut self, reply: Reply<CheckpointId>) {
        if self.policy.store.is_none() {
            answer(&reply, Err(JobError::NoCheckpoints));
        } else if self.left.is_some() {
            answer(&reply, Err(JobError::Over));
        } else if let Some(pending) = &mut self.pending {
            pending.replies.push(reply);
        } else {
            self.begin(vec![reply], None);
        }
    }

    fn stop(&mut self, mode: StopMode, reply: Reply<Option<CheckpointId>>) {
        if mode == StopMode::Now || self.policy.store.is_none() {
            self.shared.conclude(JobStatus::Cancelled);
            return answer(&reply, Ok(None));
        }
        if self.left.is_some() {
            return answer(&reply, Err(JobError::Over));
        }
        // A checkpoint that is under way did not suspend the sources; its waiters get the new one.
        let replies = self.pending.take().map(|pending| pending.replies).unwrap_or_default();
        self.begin(replies, Some(reply));
    }

    fn begin(
        &mut self,
        replies: Vec<Reply<CheckpointId>>,
        stop: Option<Reply<Option<CheckpointId>>>,
    ) {
        let checkpoint = self.policy.next;
        self.policy.next = checkpoint.next();
        self.begun = self.clock.monotonic();
        let suspend = stop.is_some();
        for member in self.members.iter().filter(|member| member.is_source) {
            member.mailbox.update(|orders| {
                orders.checkpoint = Some(checkpoint);
                orders.suspend |= suspend;
            });
        }
        let states = self.members.iter().map(|_| None).collect();
        self.pending = Some(Pending { checkpoint, started: self.begun, states, replies, stop });
        lock(&self.shared.checkpoints).in_progress = Some(checkpoint);
    }

    fn complete_if_whole(&mut self) {
        let whole = self.pending.as_ref().is_some_and(|pending| {
            let mut parts = pending.states.iter().zip(&self.members);
            parts.all(|(state, member)| state.is_some() || member.finished.is_some())
        });
        if !whole {
            return;
        }
        let Some(pending) = self.pending.take() else { return };
        let written = self.write(pending.checkpoint, pending.started, &pending.states);
        self.conclude_pending(pending, written);
    }

    fn conclude_pending(&mut self, pending: Pending, written: Result<(), CheckpointError>) {
        lock(&self.shared.checkpoints).in_progress = None;
        let checkpoint = pending.checkpoint;
        match written {
            Ok(()) => {
                self.tell_complete(checkpoint, false);
                pending.replies.iter().for_each(|reply| answer(reply, Ok(checkpoint)));
                if let Some(reply) = pending.stop {
                    self.shared.conclude(JobStatus::Cancelled);
                    answer(&reply, Ok(Some(checkpoint)));
                }
            }
            Err(error) => {
                let reason = self.count_failure(&error);
                let failed = || JobError::Checkpoint { checkpoint, reason: reason.clone() };
                pending.replies.iter().for_each(|reply| answer(reply, Err(failed())));
                if let Some(reply) = pending.stop {
                    self.members.iter().for_each(|m| m.mailbox.update(|o| o.resume = true));
                    answer(&reply, Err(failed()));
                }
            }
        }
    }

    fn count_failure(&self, error: &CheckpointError) -> String {
        let reason = with_sources(error);
        tracing::warn!(job = self.policy.job, %reason, "a checkpoint failed; the job goes on");
        let mut stats = lock(&self.shared.checkpoints);
        stats.failed += 1;
        stats.last_error = Some(reason.clone());
        reason
    }

    fn write(
        &self,
        checkpoint: CheckpointId,
        started: Duration,
        states: &[Option<States>],
    ) -> Result<(), CheckpointError> {
        let Some(store) = &self.policy.store else { return Ok(()) };
        let mut parts = Vec::new();
        for (index, member) in self.members.iter().enumerate() {
            let own = states.get(index).and_then(Option::as_ref).or(member.finished.as_ref());
            for (vertex, bytes) in own.into_iter().flatten() {
                let (vertex, bytes) = (vertex.clone(), bytes.clone());
                parts.push(PartBytes { vertex, subtask: member.subtask, bytes });
            }
        }
        let now = self.clock.now().millis();
        let written = store.write(Manifest::new(&self.policy.job, checkpoint, now), &parts)?;
        let took = self.clock.monotonic().saturating_sub(started);
        let mut shown = lock(&self.shared.checkpoints);
        shown.completed += 1;
        shown.last = Some(checkpoint);
        shown.last_at = Some(now);
        shown.last_duration_ms = Some(took.as_millis() as u64);
        shown.last_bytes = Some(written.bytes);
        Ok(())
    }

    fn tell_complete(&self, checkpoint: CheckpointId, leave: bool) {
        for member in &self.members {
            member.mailbox.update(|orders| {
                orders.complete = orders.complete.max(Some(checkpoint));
                orders.leave = leave;
            });
        }
    }

    /// All subtasks have ended: commits what they wrote since the last checkpoint.
    fn try_last_checkpoint(&mut self) {
        let checkpoint = self.policy.next;
        self.policy.next = checkpoint.next();
        let now = self.clock.monotonic();
        match self.write(checkpoint, now, &[]) {
            Ok(()) => {
                self.last_try_at = None;
                self.left = Some(0);
                self.tell_complete(checkpoint, true);
                if let Some(pending) = self.pending.take() {
                    lock(&self.shared.checkpoints).in_progress = None;
                    pending.replies.iter().for_each(|reply| answer(reply, Ok(checkpoint)));
                    pending.stop.iter().for_each(|reply| answer(reply, Ok(Some(checkpoint))));
                }
            }
            Err(error) => {
                let reason = self.count_failure(&error);
                self.last_tries += 1;
                self.last_try_at = Some(now + LAST_TRY_PAUSE);
                if self.last_tries >= LAST_TRIES_MAX {
                    self.fail(TaskError::LastCheckpoint { reason });
                }
            }
        }
    }

    fn fail(&mut self, error: TaskError) {
        self.shared.conclude(JobStatus::Failed { error: Arc::new(error) });
    }

    fn look_at_clock(&mut self, now: Duration) -> Option<Duration> {
        if self.last_try_at.is_some_and(|at| now >= at) {
            self.try_last_checkpoint();
        }
        let expired =
            self.pending.take_if(|p| now.saturating_sub(p.started) >= self.policy.timeout);
        if let Some(pending) = expired {
            let after_ms = self.policy.timeout.as_millis() as u64;
            let checkpoint = pending.checkpoint;
            self.conclude_pending(pending, Err(CheckpointError::Expired { checkpoint, after_ms }));
        }
        let reading = |member: &Member| member.is_source && member.finished.is_none();
        let goes_on = self.policy.store.is_some() && self.members.iter().any(reading);
        let due = self.policy.interval.filter(|_| goes_on).map(|interval| self.begun + interval);
        if self.pending.is_none() && due.is_some_and(|due| now >= due) {
            self.begin(Vec::new(), None);
        }
        let times = [
            self.last_try_at,
            self.pending.as_ref().map(|pending| pending.started + self.policy.timeout),
            due.filter(|_| self.pending.is_none()),
        ];
        times.into_iter().flatten().min().map(|at| at.saturating_sub(now))
    }

    fn refuse_the_rest(&mut self) {
        if let Some(pending) = self.pending.take() {
            pending.replies.iter().for_each(|reply| answer(reply, Err(JobError::Over)));
            pending.stop.iter().for_each(|reply| answer(reply, Err(JobError::Over)));
        }
        while let Some(event) = self.inbox.take() {
            match event {
                Event::Checkpoint(reply) => answer(&reply, Err(JobError::Over)),
                Event::Stop(_, reply) => answer(&reply, Ok(None)),
                _ => {}
            }
        }
    }
}

impl Task for Coordinator {
    fn step(&mut self) -> Step {
        while let Some(event) = self.inbox.take() {
            self.hear(event);
        }
        if self.left == Some(self.members.len()) {
            self.shared.conclude(JobStatus::Finished);
        }
        if self.shared.is_over() {
            self.refuse_the_rest();
            return Step::Done;
        }
        let now = self.clock.monotonic();
        Step::Wait(self.look_at_clock(now))
    }

    fn wait(&self, timeout: Option<Duration>) {
        self.inbox.signal.wait(timeout);
        // A signal that is not taken would end every later wait at once.
        self.inbox.signal.take();
    }

    fn take_signal(&self) -> bool {
        self.inbox.signal.take()
    }

    fn name(&self) -> String {
        "coordinator".to_owned()
    }
}

/// Answers a request; whoever asked may have left.
fn answer<T>(reply: &Reply<T>, with: Result<T, JobError>) {
    if reply.try_send(with).is_err() {
        tracing::debug!("nobody waits for this answer any more");
    }
}

/// An error with what it came from, in one line.
pub(crate) fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

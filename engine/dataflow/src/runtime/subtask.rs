//! One subtask: a source or a gate at the head of a chain, driven in steps.
//!
//! * A step never blocks. It ends when an output has no room, when there is nothing to read, or after a few arrivals.
//! * A panic in a step fails the job of this subtask and nothing else.
//! * Order of a checkpoint: snapshot, tell the coordinator, barrier to all outputs, only then the next row.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use pancake_types::{Clock, Watermark};

use super::{
    chain::{Chain, Flow, Target},
    channel::{Msg, Signal},
    gate::{Arrival, Gate},
    job::{JobShared, TaskError},
    mailbox::{Event, Inbox, Mailbox, Orders, States},
    metrics::{Activity, TaskMetrics},
    reader::Reader,
    scheduler::{Step, Task},
};
use crate::{
    CheckpointId, Polled, Waker,
    checkpoint::{NodeState, SavedSplit},
};

/// Arrivals that one step takes, at most.
const ARRIVALS_MAX: usize = 32;

/// Where a subtask's rows come from.
pub(crate) enum Head {
    Reader(Box<Reader>),
    Gate(Gate),
}

/// State to take back at the start.
#[derive(Default)]
pub(crate) struct ToRestore {
    pub(crate) splits: Vec<SavedSplit>,
    pub(crate) nodes: Vec<(usize, NodeState)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Starting,
    Running,
    /// No more polls until further notice: a stop with a checkpoint is under way.
    Suspended,
    Ended,
}

/// A seeded choice of which input is looked at first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turns(pub(crate) u64);

impl Turns {
    pub(crate) fn next(&mut self) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) as usize
    }
}

/// What a subtask shares with the rest of its job.
pub(crate) struct Ties {
    pub(crate) index: usize,
    pub(crate) shared: Arc<JobShared>,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) signal: Arc<Signal>,
    pub(crate) metrics: Arc<TaskMetrics>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// A chain of vertices in one thread.
pub(crate) struct Subtask {
    pub(crate) name: String,
    head: Head,
    chain: Chain,
    ties: Ties,
    to_restore: ToRestore,
    turns: Option<Turns>,
    orders: Orders,
    phase: Phase,
    steps: u64,
}

impl Subtask {
    pub(crate) fn new(head: Head, chain: Chain, ties: Ties, to_restore: ToRestore) -> Self {
        let name = match (&head, chain.nodes.first()) {
            (Head::Reader(reader), _) => reader.name.clone(),
            (Head::Gate(_), Some(node)) => node.name.clone(),
            (Head::Gate(_), None) => String::new(),
        };
        let (orders, phase) = (Orders::default(), Phase::Starting);
        Self { name, head, chain, ties, to_restore, turns: None, orders, phase, steps: 0 }
    }

    pub(crate) fn with_turns(mut self, turns: Option<Turns>) -> Self {
        self.turns = turns;
        self
    }

    fn advance(&mut self, now: Duration) -> Result<Step, TaskError> {
        if self.phase == Phase::Starting {
            self.start()?;
            self.phase = Phase::Running;
        }
        self.take_orders();
        if let Some(checkpoint) = self.orders.complete.take() {
            self.chain.commit(checkpoint)?;
            if let Head::Reader(reader) = &mut self.head {
                reader.complete(checkpoint)?;
            }
        }
        if self.orders.leave {
            self.ties.inbox.send(Event::Left);
            return Ok(Step::Done);
        }
        if !self.chain.outputs.flush() {
            if let Head::Reader(reader) = &mut self.head {
                reader.skip_time(now);
            }
            return Ok(Step::Wait(None));
        }
        match self.phase {
            Phase::Ended => Ok(Step::Wait(None)),
            Phase::Starting | Phase::Running | Phase::Suspended => match &self.head {
                Head::Reader(_) => self.read(now),
                Head::Gate(_) => self.take_arrivals(),
            },
        }
    }

    fn take_orders(&mut self) {
        let new = self.ties.mailbox.take();
        self.orders.checkpoint = new.checkpoint.or(self.orders.checkpoint);
        self.orders.complete = new.complete.max(self.orders.complete);
        self.orders.leave |= new.leave;
        self.orders.suspend |= new.suspend;
        if new.resume {
            self.orders.suspend = false;
            if self.phase == Phase::Suspended {
                self.phase = Phase::Running;
            }
        }
    }

    fn start(&mut self) -> Result<(), TaskError> {
        let ToRestore { splits, nodes } = std::mem::take(&mut self.to_restore);
        for (index, state) in nodes {
            if let Some(node) = self.chain.nodes.get_mut(index) {
                node.restore(state)?;
            }
        }
        let signal = Arc::clone(&self.ties.signal);
        match &mut self.head {
            Head::Reader(reader) => {
                reader.open(&splits, Waker::new(move || signal.notify()), &mut self.chain)
            }
            Head::Gate(gate) => {
                let mark = self.chain.nodes.first().map_or(Watermark::MIN, |node| node.mark);
                gate.restore(mark);
                if mark == Watermark::MIN {
                    return Ok(());
                }
                self.chain.deliver(Target::Node(0, 0), Flow::Watermark(mark))
            }
        }
    }

    fn read(&mut self, now: Duration) -> Result<Step, TaskError> {
        if let Some(checkpoint) = self.orders.checkpoint.take() {
            self.snapshot(checkpoint)?;
            if std::mem::take(&mut self.orders.suspend) {
                self.phase = Phase::Suspended;
            }
            return Ok(Step::Again);
        }
        let Head::Reader(reader) = &mut self.head else { return Ok(Step::Wait(None)) };
        if self.phase == Phase::Suspended {
            reader.skip_time(now);
            return Ok(Step::Wait(None));
        }
        match reader.poll(&mut self.chain, now)? {
            Polled::Emitted => Ok(Step::Again),
            Polled::Pending => Ok(Step::Wait(None)),
            Polled::PendingFor(time) => Ok(Step::Wait(Some(time))),
            Polled::Finished => self.end(),
        }
    }

    fn take_arrivals(&mut self) -> Result<Step, TaskError> {
        for _ in 0..ARRIVALS_MAX {
            let turn = self.turns.as_mut().map(Turns::next);
            let Head::Gate(gate) = &mut self.head else { return Ok(Step::Wait(None)) };
            let (input, flow) = match gate.poll(turn) {
                None => return Ok(Step::Wait(None)),
                Some(Arrival::Aligned(checkpoint)) => {
                    self.snapshot(checkpoint)?;
                    return Ok(Step::Again);
                }
                Some(Arrival::Data(input, batch)) => (input, Flow::Data(batch)),
                Some(Arrival::Watermark(mark)) => (0, Flow::Watermark(mark)),
                Some(Arrival::Idle) => (0, Flow::Idle),
                Some(Arrival::End) => {
                    self.chain.deliver(Target::Node(0, 0), Flow::End)?;
                    return self.end();
                }
            };
            self.chain.deliver(Target::Node(0, input), flow)?;
            if self.chain.outputs.is_blocked() || self.turns.is_some() {
                break;
            }
        }
        Ok(Step::Again)
    }

    fn states(&mut self, checkpoint: Option<CheckpointId>) -> Result<States, TaskError> {
        let mut states = match checkpoint {
            Some(checkpoint) => self.chain.snapshot(checkpoint)?,
            None => self.chain.last_states()?,
        };
        if let Head::Reader(reader) = &mut self.head {
            states.push(reader.snapshot()?);
        }
        Ok(states)
    }

    fn snapshot(&mut self, checkpoint: CheckpointId) -> Result<(), TaskError> {
        let states = self.states(Some(checkpoint))?;
        self.ties.inbox.send(Event::Snapshot { checkpoint, task: self.ties.index, states });
        self.chain.outputs.broadcast_all(&Msg::Barrier(checkpoint));
        Ok(())
    }

    fn end(&mut self) -> Result<Step, TaskError> {
        let states = self.states(None)?;
        self.phase = Phase::Ended;
        self.show_gauges();
        self.ties.inbox.send(Event::Finished { task: self.ties.index, states });
        Ok(Step::Again)
    }

    fn show_gauges(&self) {
        self.chain.show_gauges();
        if let Head::Reader(reader) = &self.head {
            reader.show_gauges();
        }
    }
}

impl Task for Subtask {
    fn step(&mut self) -> Step {
        if self.ties.shared.is_cancelled() {
            return Step::Done;
        }
        let now = self.ties.clock.monotonic();
        self.ties.metrics.switch(Activity::Busy, now);
        let advanced = catch_unwind(AssertUnwindSafe(|| self.advance(now)));
        let advanced = advanced.unwrap_or_else(|panic| {
            Err(TaskError::Panic { vertex: self.name.clone(), message: panic_message(&*panic) })
        });
        self.steps += 1;
        match advanced {
            Ok(step) => {
                if self.steps.is_multiple_of(32) || step != Step::Again {
                    self.show_gauges();
                }
                if let Step::Wait(_) = step {
                    let blocked = self.chain.outputs.is_blocked();
                    let activity = if blocked { Activity::Backpressured } else { Activity::Idle };
                    self.ties.metrics.switch(activity, self.ties.clock.monotonic());
                } else if step == Step::Done {
                    self.ties.metrics.switch(Activity::Idle, self.ties.clock.monotonic());
                }
                step
            }
            Err(error) => {
                self.ties.inbox.send(Event::Failed(error));
                Step::Done
            }
        }
    }

    fn wait(&self, timeout: Option<Duration>) {
        self.ties.signal.wait(timeout);
        // Busy before the signal is taken, so that nobody sees a task at rest that has been woken.
        self.ties.metrics.switch(Activity::Busy, self.ties.clock.monotonic());
        self.ties.signal.take();
    }

    fn take_signal(&self) -> bool {
        self.ties.signal.take()
    }

    fn name(&self) -> String {
        format!("{}-{}", self.name, self.ties.index)
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

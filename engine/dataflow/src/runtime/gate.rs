//! A subtask's way in: its channels, their common watermark, and the alignment of barriers.
//!
//! * The watermark is the smallest of the channels that are neither idle nor ended, and never goes back.
//! * A channel that delivered a checkpoint's barrier is not read until all others have, or have ended.
//! * A newer barrier gives up the alignment of an older checkpoint, which then never completes.

use std::{collections::VecDeque, sync::Arc};

use pancake_types::Watermark;

use super::channel::{Channel, Msg};
use crate::{ChangeBatch, CheckpointId};

/// What came through the gate.
#[derive(Debug)]
pub(crate) enum Arrival {
    Data(usize, ChangeBatch),
    Watermark(Watermark),
    Idle,
    /// All channels have delivered this checkpoint's barrier.
    Aligned(CheckpointId),
    End,
}

#[derive(Debug)]
struct Input {
    channel: Arc<Channel>,
    number: usize,
    mark: Watermark,
    idle: bool,
    ended: bool,
    waits: bool,
}

/// The inputs of a subtask.
#[derive(Debug)]
pub(crate) struct Gate {
    inputs: Vec<Input>,
    next: usize,
    emitted: Watermark,
    idle: bool,
    aligning: Option<CheckpointId>,
    last_aligned: CheckpointId,
    ready: VecDeque<Arrival>,
}

impl Gate {
    /// A gate over channels, each with the number of the operator's input that it feeds.
    pub(crate) fn new(channels: impl IntoIterator<Item = (usize, Arc<Channel>)>) -> Self {
        let inputs = channels.into_iter().map(|(number, channel)| Input {
            channel,
            number,
            mark: Watermark::MIN,
            idle: false,
            ended: false,
            waits: false,
        });
        Self {
            inputs: inputs.collect(),
            next: 0,
            emitted: Watermark::MIN,
            idle: false,
            aligning: None,
            last_aligned: CheckpointId::default(),
            ready: VecDeque::new(),
        }
    }

    /// The watermark as a checkpoint held it: nothing before it is in time any more.
    pub(crate) fn restore(&mut self, mark: Watermark) {
        self.emitted = mark;
    }

    /// Takes the next arrival; `turn` says which channel is looked at first.
    pub(crate) fn poll(&mut self, turn: Option<usize>) -> Option<Arrival> {
        if let Some(arrival) = self.ready.pop_front() {
            return Some(arrival);
        }
        let count = self.inputs.len();
        let mut looked = 0;
        let start = turn.unwrap_or(self.next);
        while looked < count {
            let index = (start + looked) % count;
            looked += 1;
            let Some(input) = self.inputs.get(index).filter(|i| !i.waits && !i.ended) else {
                continue;
            };
            let Some(message) = input.channel.try_receive() else { continue };
            self.next = index + 1;
            self.take(index, message);
            match self.ready.pop_front() {
                Some(arrival) => return Some(arrival),
                // A message that changed nothing to be seen: the same channel may have more.
                None => looked = 0,
            }
        }
        None
    }

    fn take(&mut self, index: usize, message: Msg) {
        let Some(input) = self.inputs.get_mut(index) else { return };
        match message {
            Msg::Data(batch) => {
                input.idle = false;
                let number = input.number;
                self.idle = false;
                self.ready.push_back(Arrival::Data(number, batch));
            }
            Msg::Watermark(mark) => {
                input.idle = false;
                input.mark = input.mark.max(mark);
                self.combine();
            }
            Msg::Idle => {
                input.idle = true;
                self.combine();
            }
            Msg::Barrier(checkpoint) => self.barrier(index, checkpoint),
            Msg::End => {
                input.ended = true;
                input.mark = Watermark::MAX;
                self.combine();
                self.align();
                if self.inputs.iter().all(|input| input.ended) {
                    self.ready.push_back(Arrival::End);
                }
            }
        }
    }

    fn barrier(&mut self, index: usize, checkpoint: CheckpointId) {
        if checkpoint <= self.last_aligned {
            return;
        }
        match self.aligning {
            Some(current) if checkpoint < current => return,
            Some(current) if checkpoint == current => {}
            _ => {
                self.inputs.iter_mut().for_each(|input| input.waits = false);
                self.aligning = Some(checkpoint);
            }
        }
        if let Some(input) = self.inputs.get_mut(index) {
            input.waits = true;
        }
        self.align();
    }

    fn align(&mut self) {
        let Some(checkpoint) = self.aligning else { return };
        if self.inputs.iter().all(|input| input.waits || input.ended) {
            self.aligning = None;
            self.last_aligned = checkpoint;
            self.inputs.iter_mut().for_each(|input| input.waits = false);
            self.ready.push_back(Arrival::Aligned(checkpoint));
        }
    }

    fn combine(&mut self) {
        let open = || self.inputs.iter().filter(|input| !input.ended);
        let mark = match open().filter(|input| !input.idle).map(|input| input.mark).min() {
            Some(mark) => mark,
            None if open().next().is_none() => Watermark::MAX,
            None => {
                if !self.idle {
                    self.idle = true;
                    self.ready.push_back(Arrival::Idle);
                }
                return;
            }
        };
        self.idle = false;
        if mark > self.emitted {
            self.emitted = mark;
            self.ready.push_back(Arrival::Watermark(mark));
        }
    }
}

#[cfg(test)]
#[path = "gate/tests.rs"]
mod tests;

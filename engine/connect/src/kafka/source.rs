//! The stream of a topic: this subtask's partitions, each in its own order.
//!
//! * Every poll takes a share from each partition, so that none runs ahead of the others' event time for long.
//! * With nothing to read it waits for an append; only a Kafka elsewhere is asked again after a while.

use std::{sync::Arc, time::Duration};

use pancake_dataflow::{
    CheckpointId, Gauges, Polled, Source, SourceError, SourceOutput, SplitId, SplitState, Waker,
};
use pancake_types::{Offset, PartitionId, TopicPartition};

use super::{
    door::Door,
    options::TopicOptions,
    reader::{RecordError, RecordReader},
    split::{Split, offset_of},
};

/// How long to wait before a Kafka elsewhere is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(10);

/// Reads some partitions of a topic.
pub(super) struct KafkaSource {
    options: Arc<TopicOptions>,
    door: Arc<dyn Door>,
    partitions: Vec<u32>,
    reader: RecordReader,
    waker: Option<Waker>,
    splits: Vec<Split>,
    finished: Vec<SplitState>,
    must_ask_again: bool,
    /// Positions of the newest snapshot, committed when its checkpoint is complete.
    snapshotted: Vec<(TopicPartition, Offset)>,
    backlog_rows: u64,
}

impl KafkaSource {
    pub(super) fn new(
        options: Arc<TopicOptions>,
        door: Arc<dyn Door>,
        partitions: Vec<u32>,
        reader: RecordReader,
    ) -> Self {
        Self {
            options,
            door,
            partitions,
            reader,
            waker: None,
            splits: Vec::new(),
            finished: Vec::new(),
            must_ask_again: false,
            snapshotted: Vec::new(),
            backlog_rows: 0,
        }
    }

    fn open_split(&mut self, number: u32, restored: &[SplitState]) -> Result<Split, SourceError> {
        let at = self.options.topic.partition(PartitionId::new(number));
        let id = SplitId::new(at.to_string());
        let position = match restored.iter().find(|state| state.split == id) {
            Some(state) => match offset_of(&state.position) {
                Some(offset) => Some(offset),
                None => return Err(SourceError::Position { split: id }),
            },
            None => None,
        };
        let failed = |source| SourceError::Read { split: id.clone(), source };
        let mut split = Split::open(&*self.door, &self.options, at, position).map_err(failed)?;
        if let Some(waker) = &self.waker {
            self.must_ask_again |= !split.reader.wake(waker).map_err(failed)?;
        }
        Ok(split)
    }

    /// Hands on what one partition has; says whether there was anything.
    fn read_split(
        &mut self,
        place: usize,
        rows_max: usize,
        out: &mut SourceOutput,
    ) -> Result<bool, SourceError> {
        let Some(split) = self.splits.get_mut(place) else { return Ok(false) };
        let taken = split.take(rows_max);
        let taken =
            taken.map_err(|source| SourceError::Read { split: split.id.clone(), source })?;
        if taken.is_empty() {
            return Ok(false);
        }
        let rows = self.reader.rows(&split.at, &taken).map_err(|error| {
            let first = taken.first().map(|record| record.offset).unwrap_or_default();
            let row = match &error {
                RecordError::Malformed { offset, .. } => *offset,
                RecordError::Arrow(_) => first,
            };
            SourceError::Decode { split: split.id.clone(), row: row.get(), source: error.into() }
        })?;
        out.emit(&split.id, rows);
        Ok(true)
    }

    fn finish_read(&mut self, out: &mut SourceOutput) {
        let finished = &mut self.finished;
        self.splits.retain(|split| {
            let is_at_end = split.is_at_end();
            if is_at_end {
                out.finish_split(&split.id);
                finished.push(split.state());
            }
            !is_at_end
        });
    }
}

impl Source for KafkaSource {
    fn set_waker(&mut self, waker: Waker) {
        self.waker = Some(waker);
    }

    fn open(&mut self, restored: Vec<SplitState>) -> Result<Vec<SplitId>, SourceError> {
        for number in self.partitions.clone() {
            let split = self.open_split(number, &restored)?;
            if split.is_at_end() {
                self.finished.push(split.state());
            } else {
                self.splits.push(split);
            }
        }
        Ok(self.splits.iter().map(|split| split.id.clone()).collect())
    }

    fn poll(&mut self, rows_max: usize, out: &mut SourceOutput) -> Result<Polled, SourceError> {
        if self.splits.is_empty() && self.options.is_bounded {
            return Ok(Polled::Finished);
        }
        let share = (rows_max / self.splits.len().max(1)).max(1);
        let mut has_emitted = false;
        for place in 0..self.splits.len() {
            has_emitted |= self.read_split(place, share, out)?;
        }
        if !self.must_ask_again {
            // A Kafka elsewhere would have to be asked for its end, which takes too long for a number to show.
            self.backlog_rows = self.splits.iter_mut().map(Split::backlog).sum();
        }
        self.finish_read(out);
        if has_emitted || (self.splits.is_empty() && self.options.is_bounded) {
            return Ok(Polled::Emitted);
        }
        Ok(if self.must_ask_again { Polled::PendingFor(ASK_AGAIN) } else { Polled::Pending })
    }

    fn snapshot(&mut self) -> Result<Vec<SplitState>, SourceError> {
        let position = |split: &Split| (split.at.clone(), split.position());
        self.snapshotted = self.splits.iter().map(position).collect();
        let read = self.splits.iter().map(Split::state);
        Ok(read.chain(self.finished.iter().cloned()).collect())
    }

    fn on_checkpoint_complete(&mut self, _checkpoint: CheckpointId) -> Result<(), SourceError> {
        let Some(group) = &self.options.group else { return Ok(()) };
        // The checkpoint holds the positions; the group's offsets are for others to look at, so a failure is no error.
        if let Err(error) = self.door.commit(group, &self.snapshotted) {
            tracing::warn!(group, %error, "cannot commit the offsets of a checkpoint");
        }
        Ok(())
    }

    fn gauges(&self) -> Gauges {
        Gauges {
            skipped_rows: self.reader.skipped.count(),
            backlog_rows: self.backlog_rows,
            ..Gauges::default()
        }
    }

    fn first_skipped(&self) -> Option<String> {
        self.reader.skipped.first().map(str::to_owned)
    }
}

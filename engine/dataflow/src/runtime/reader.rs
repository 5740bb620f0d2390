//! The head of a source's chain: reads, prepares rows, and keeps event time per split.
//!
//! * Time counts as silence of a split only where the source could have been read; while an output has no room, the
//!   clock of idleness stands still.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use pancake_types::Watermark;

use super::{
    chain::{Chain, Flow, Target},
    job::TaskError,
    metrics::NodeMetrics,
};
use crate::{
    ChangeBatch, CheckpointId, OperatorId, Polled, RowTransform, Source, SourceError, SourceOutput,
    SplitId, SplitState, Waker,
    checkpoint::{NodeState, SavedSplit},
    source::FromSource,
    watermark::{Combined, Piece, SplitClocks},
};

/// Longest stretch of work that counts as silence of the other splits.
const BUSY_STRETCH_MAX: Duration = Duration::from_millis(50);

/// A source in its subtask.
pub(crate) struct Reader {
    pub(crate) id: OperatorId,
    pub(crate) name: String,
    pub(crate) source: Box<dyn Source>,
    pub(crate) prepare: Option<RowTransform>,
    pub(crate) clocks: SplitClocks,
    pub(crate) rows_max: usize,
    pub(crate) targets: Arc<[Target]>,
    pub(crate) metrics: Arc<NodeMetrics>,
    /// When time was last counted, and whether nothing was there to read since.
    pub(crate) counted: Option<(Duration, bool)>,
}

impl Reader {
    fn failed(&self, source: SourceError) -> TaskError {
        TaskError::Source { vertex: self.name.clone(), source }
    }

    /// Opens the splits, each where the checkpoint left it.
    pub(crate) fn open(
        &mut self,
        saved: &[SavedSplit],
        waker: Waker,
        chain: &mut Chain,
    ) -> Result<(), TaskError> {
        self.source.set_waker(waker);
        let positions: Vec<SplitState> = saved.iter().map(|split| split.state.clone()).collect();
        let splits = self.source.open(positions).map_err(|source| self.failed(source))?;
        for split in &splits {
            match saved.iter().find(|saved| saved.state.split == *split) {
                Some(saved) => self.clocks.restore(split, saved.clock),
                None => self.clocks.add(split),
            }
        }
        match self.clocks.emitted() {
            Watermark::MIN => Ok(()),
            mark => self.hand_on_watermark(mark, chain),
        }
    }

    /// Reads once. The wait, if any, ends at the waker's call or after the time given.
    pub(crate) fn poll(&mut self, chain: &mut Chain, now: Duration) -> Result<Polled, TaskError> {
        if let Some((since, waited)) = self.counted {
            let passed = now.saturating_sub(since);
            self.clocks.pass(if waited { passed } else { passed.min(BUSY_STRETCH_MAX) });
        }
        let mut out = SourceOutput::new();
        let polled = self.source.poll(self.rows_max, &mut out);
        let polled = polled.map_err(|source| self.failed(source))?;
        for said in out.take() {
            match said {
                FromSource::Data(split, batch) => self.read(&split, batch, chain)?,
                FromSource::Added(split) => self.clocks.add(&split),
                FromSource::Finished(split) => self.clocks.finish(&split),
            }
        }
        if polled == Polled::Finished {
            self.hand_on_watermark(Watermark::MAX, chain)?;
            chain.hand_on(&Arc::clone(&self.targets), &Flow::End)?;
            return Ok(polled);
        }
        self.hand_on_combined(chain)?;
        self.counted = Some((now, !matches!(polled, Polled::Emitted)));
        Ok(match (polled, self.clocks.until_idle()) {
            (Polled::Pending, Some(time)) => Polled::PendingFor(time),
            (Polled::PendingFor(other), Some(time)) => Polled::PendingFor(time.min(other)),
            (polled, _) => polled,
        })
    }

    /// The subtask could not read for a while; that time counts for nothing.
    pub(crate) fn skip_time(&mut self, now: Duration) {
        self.counted = Some((now, false));
    }

    fn read(
        &mut self,
        split: &SplitId,
        batch: ChangeBatch,
        chain: &mut Chain,
    ) -> Result<(), TaskError> {
        self.metrics.rows_in.fetch_add(batch.num_rows() as u64, Relaxed);
        let failed = |source| TaskError::Operator { vertex: self.name.clone(), source };
        let batch = match &mut self.prepare {
            Some(prepare) => prepare(batch).map_err(failed)?,
            None => batch,
        };
        if batch.is_empty() {
            return Ok(());
        }
        let pieces = self.clocks.observe(split, &batch).map_err(failed)?;
        self.metrics.rows_out.fetch_add(batch.num_rows() as u64, Relaxed);
        let targets = Arc::clone(&self.targets);
        for Piece { offset, length, mark } in pieces {
            chain.hand_on(&targets, &Flow::Data(batch.slice(offset, length)))?;
            self.clocks.raise(split, mark);
            self.hand_on_combined(chain)?;
        }
        Ok(())
    }

    fn hand_on_combined(&mut self, chain: &mut Chain) -> Result<(), TaskError> {
        match self.clocks.combine() {
            Combined::Advanced(mark) => self.hand_on_watermark(mark, chain),
            Combined::Idle => chain.hand_on(&Arc::clone(&self.targets), &Flow::Idle),
            Combined::Unchanged => Ok(()),
        }
    }

    fn hand_on_watermark(&self, mark: Watermark, chain: &mut Chain) -> Result<(), TaskError> {
        self.metrics.watermark.store(mark.millis(), Relaxed);
        chain.hand_on(&Arc::clone(&self.targets), &Flow::Watermark(mark))
    }

    pub(crate) fn snapshot(&mut self) -> Result<(OperatorId, Vec<u8>), TaskError> {
        let states = self.source.snapshot().map_err(|source| self.failed(source))?;
        let saved = states.into_iter().map(|state| {
            let clock = self.clocks.save(&state.split);
            SavedSplit { state, clock }
        });
        Ok((self.id.clone(), NodeState::Source(saved.collect()).encode()))
    }

    pub(crate) fn complete(&mut self, checkpoint: CheckpointId) -> Result<(), TaskError> {
        self.metrics.checkpoint.store(checkpoint.get(), Relaxed);
        let done = self.source.on_checkpoint_complete(checkpoint);
        done.map_err(|source| self.failed(source))
    }

    pub(crate) fn show_gauges(&self) {
        let mut gauges = self.source.gauges();
        gauges.lateness_max_ms = self.clocks.lateness_max_ms();
        self.metrics.set_gauges(gauges, self.source.first_skipped());
    }
}

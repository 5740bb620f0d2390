//! How event time is read from rows: per split, the largest rowtime minus a constant delay.
//!
//! * The watermark of a source is the smallest of its active splits; a split without rows for a while is idle and
//!   holds nothing back; a split that comes back never pulls the watermark back, its old rows are late.
//! * A batch is cut before a row that the rows before it have made late, and the watermark is handed on there: which
//!   rows of a split are late does not depend on how its rows were batched.
//! * Idleness counts only time in which the source could have been read: not while it was held up downstream.

use std::{collections::BTreeMap, time::Duration};

use arrow::{
    array::{Array, ArrayRef, AsArray, types::TimestampMillisecondType},
    compute,
    datatypes::{DataType, Int64Type, TimeUnit},
};
use pancake_types::Watermark;

use crate::{ChangeBatch, OperatorError, SplitId};

/// `WATERMARK FOR rowtime AS rowtime - delay`, and when a silent split stops holding the others back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatermarkStrategy {
    /// Index of the rowtime column (`Timestamp(Millisecond)`), after the source's `prepare`.
    pub rowtime: usize,
    /// What is subtracted from the largest rowtime seen, in milliseconds.
    pub delay_ms: i64,
    /// After this long without a row a split is idle (`scan.watermark.idle-timeout`); `None`: never.
    pub idle_timeout: Option<Duration>,
}

/// A piece of a batch and the watermark that its rows bring about.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) offset: usize,
    pub(crate) length: usize,
    pub(crate) mark: Watermark,
}

/// Largest rowtime of one input so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventTime {
    largest_ms: Option<i64>,
    lateness_max_ms: u64,
}

impl EventTime {
    pub(crate) const fn new() -> Self {
        Self { largest_ms: None, lateness_max_ms: 0 }
    }

    pub(crate) const fn from_largest(largest_ms: Option<i64>) -> Self {
        Self { largest_ms, lateness_max_ms: 0 }
    }

    pub(crate) const fn lateness_max_ms(&self) -> u64 {
        self.lateness_max_ms
    }

    /// Goes over rowtimes in order and cuts before rows that are late by then.
    pub(crate) fn cut(&mut self, rowtimes: &ArrayRef, delay_ms: i64) -> Vec<Piece> {
        let times = rowtimes.as_primitive::<Int64Type>();
        let mut pieces = Vec::new();
        let mut start = 0;
        // What was handed on with the pieces so far: a run of late rows needs one cut, not one each.
        let mut handed_on = self.largest_ms;
        for (row, time) in times.values().iter().enumerate() {
            if times.is_null(row) {
                continue;
            }
            match self.largest_ms {
                Some(largest) if *time <= largest => {
                    self.lateness_max_ms = self.lateness_max_ms.max(largest.abs_diff(*time));
                    let is_late = *time <= largest.saturating_sub(delay_ms);
                    if is_late && row > start && handed_on != self.largest_ms {
                        pieces.push(self.piece(start, row, delay_ms));
                        start = row;
                        handed_on = self.largest_ms;
                    }
                }
                _ => self.largest_ms = Some(*time),
            }
        }
        pieces.push(self.piece(start, times.len(), delay_ms));
        pieces
    }

    fn piece(&self, start: usize, end: usize, delay_ms: i64) -> Piece {
        let mark = self.largest_ms.map_or(Watermark::MIN, |largest| {
            Watermark::from_millis(largest.saturating_sub(delay_ms))
        });
        Piece { offset: start, length: end - start, mark }
    }
}

/// The rowtime column of a batch as milliseconds.
pub(crate) fn rowtimes(batch: &ChangeBatch, index: usize) -> Result<ArrayRef, OperatorError> {
    let column = batch.column(index).ok_or_else(|| OperatorError::Column {
        index,
        expected: "a rowtime",
        found: "absent".to_owned(),
    })?;
    match column.data_type() {
        DataType::Int64 => Ok(ArrayRef::clone(column)),
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            let times = column.as_primitive::<TimestampMillisecondType>();
            Ok(std::sync::Arc::new(times.reinterpret_cast::<Int64Type>()))
        }
        DataType::Timestamp(_, zone) => {
            let millis = DataType::Timestamp(TimeUnit::Millisecond, zone.clone());
            let times = compute::cast(column, &millis)?;
            let times = times.as_primitive::<TimestampMillisecondType>();
            Ok(std::sync::Arc::new(times.reinterpret_cast::<Int64Type>()))
        }
        other => Err(OperatorError::Column {
            index,
            expected: "a TIMESTAMP(3)",
            found: other.to_string(),
        }),
    }
}

/// What the runtime keeps about a split.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SplitClock {
    pub(crate) mark: Watermark,
    pub(crate) idle: bool,
    pub(crate) finished: bool,
    pub(crate) time: EventTime,
    silent: Duration,
}

impl SplitClock {
    const fn new() -> Self {
        Self {
            mark: Watermark::MIN,
            idle: false,
            finished: false,
            time: EventTime::new(),
            silent: Duration::ZERO,
        }
    }
}

/// What a source's splits together say about event time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Combined {
    /// The watermark went on.
    Advanced(Watermark),
    /// All splits are silent.
    Idle,
    /// Nothing new.
    Unchanged,
}

/// The event time of a source: its splits' watermarks and the smallest of the active ones.
#[derive(Debug)]
pub(crate) struct SplitClocks {
    strategy: Option<WatermarkStrategy>,
    splits: BTreeMap<SplitId, SplitClock>,
    emitted: Watermark,
    idle: bool,
}

impl SplitClocks {
    pub(crate) const fn new(strategy: Option<WatermarkStrategy>) -> Self {
        Self { strategy, splits: BTreeMap::new(), emitted: Watermark::MIN, idle: false }
    }

    /// The last watermark handed on.
    pub(crate) const fn emitted(&self) -> Watermark {
        self.emitted
    }

    pub(crate) fn lateness_max_ms(&self) -> u64 {
        self.splits.values().map(|split| split.time.lateness_max_ms()).max().unwrap_or(0)
    }

    pub(crate) fn add(&mut self, split: &SplitId) {
        self.splits.entry(split.clone()).or_insert_with(SplitClock::new);
    }

    /// Takes a split back as a checkpoint held it. The watermark starts at the smallest that was handed on.
    pub(crate) fn restore(&mut self, split: &SplitId, saved: SavedClock) {
        let largest_ms = saved.mark.moment().map(|mark| {
            let delay_ms = self.strategy.as_ref().map_or(0, |strategy| strategy.delay_ms);
            mark.millis().saturating_add(delay_ms)
        });
        let time = EventTime { largest_ms, lateness_max_ms: saved.lateness_max_ms };
        let (mark, idle, finished) = (saved.mark, saved.idle, saved.finished);
        let is_first = self.splits.is_empty();
        let clock = SplitClock { mark, idle, finished, time, silent: Duration::ZERO };
        self.splits.insert(split.clone(), clock);
        self.emitted = if is_first { saved.emitted } else { self.emitted.min(saved.emitted) };
    }

    pub(crate) fn save(&self, split: &SplitId) -> SavedClock {
        let clock = self.splits.get(split).copied();
        let finished = SplitClock { finished: true, mark: Watermark::MAX, ..SplitClock::new() };
        let clock = clock.unwrap_or(finished);
        SavedClock {
            mark: clock.mark,
            idle: clock.idle,
            finished: clock.finished,
            lateness_max_ms: clock.time.lateness_max_ms(),
            emitted: self.emitted,
        }
    }

    /// Says that a split has ended.
    pub(crate) fn finish(&mut self, split: &SplitId) {
        if let Some(clock) = self.splits.get_mut(split) {
            clock.finished = true;
        }
    }

    /// A split's rows came: cuts them where they are late, and wakes the split.
    pub(crate) fn observe(
        &mut self,
        split: &SplitId,
        batch: &ChangeBatch,
    ) -> Result<Vec<Piece>, OperatorError> {
        let clock = self.splits.entry(split.clone()).or_insert_with(SplitClock::new);
        clock.idle = false;
        clock.silent = Duration::ZERO;
        match &self.strategy {
            None => Ok(vec![Piece { offset: 0, length: batch.num_rows(), mark: Watermark::MIN }]),
            Some(strategy) => {
                Ok(clock.time.cut(&rowtimes(batch, strategy.rowtime)?, strategy.delay_ms))
            }
        }
    }

    /// Raises a split's watermark.
    pub(crate) fn raise(&mut self, split: &SplitId, mark: Watermark) {
        if let Some(clock) = self.splits.get_mut(split) {
            clock.mark = clock.mark.max(mark);
        }
    }

    /// Time has gone by in which the source could have been read.
    pub(crate) fn pass(&mut self, time: Duration) {
        let timeout = self.strategy.as_ref().and_then(|strategy| strategy.idle_timeout);
        for clock in self.splits.values_mut() {
            clock.silent = clock.silent.saturating_add(time);
            clock.idle |= timeout.is_some_and(|timeout| clock.silent >= timeout);
        }
    }

    /// Time until the next split becomes idle if nothing comes.
    pub(crate) fn until_idle(&self) -> Option<Duration> {
        let timeout = self.strategy.as_ref()?.idle_timeout?;
        let active = self.splits.values().filter(|clock| !clock.idle && !clock.finished);
        active.map(|clock| timeout.saturating_sub(clock.silent)).min()
    }

    /// What to hand on now.
    pub(crate) fn combine(&mut self) -> Combined {
        if self.strategy.is_none() {
            return Combined::Unchanged;
        }
        let open = || self.splits.values().filter(|clock| !clock.finished);
        let smallest = open().filter(|clock| !clock.idle).map(|clock| clock.mark).min();
        match smallest {
            Some(mark) => {
                self.idle = false;
                if mark > self.emitted {
                    self.emitted = mark;
                    return Combined::Advanced(mark);
                }
            }
            None if !self.idle => {
                self.idle = true;
                return Combined::Idle;
            }
            None => {}
        }
        Combined::Unchanged
    }
}

/// A split's event time in a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SavedClock {
    pub(crate) mark: Watermark,
    pub(crate) idle: bool,
    pub(crate) finished: bool,
    pub(crate) lateness_max_ms: u64,
    /// The watermark that the source had handed on.
    pub(crate) emitted: Watermark,
}

#[cfg(test)]
mod tests;

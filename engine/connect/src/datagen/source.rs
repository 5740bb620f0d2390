//! The rows of a `datagen` table, as many per second as asked for.

use std::{ops::Range, sync::Arc, time::Duration};

use arrow::{
    array::{RecordBatch, RecordBatchOptions},
    datatypes::SchemaRef,
    error::ArrowError,
};
use pancake_dataflow::{Polled, Source, SourceError, SourceOutput, SplitId, SplitState, Waker};
use pancake_types::Clock;

use super::field::Field;
use crate::generator::Dice;

/// Rows made at once.
pub(super) const BATCH_ROWS: u64 = 1_024;
/// How often the clock is looked at while there is nothing due.
const TICK: Duration = Duration::from_millis(20);

/// All rows of a table, by their number.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) seed: u64,
    pub(super) fields: Vec<Field>,
    pub(super) count: Option<u64>,
    pub(super) schema: SchemaRef,
}

impl Rows {
    pub(super) fn batch(
        &self,
        rows: Range<u64>,
        projection: Option<&[usize]>,
    ) -> Result<RecordBatch, ArrowError> {
        let all: Vec<usize> = (0..self.fields.len()).collect();
        let projection = projection.unwrap_or(&all);
        let mut columns = Vec::with_capacity(projection.len());
        for place in projection {
            let dice = rows.clone().map(|row| {
                // A stream of draws for each cell: a projection changes no other column.
                Dice::new(self.seed, row.wrapping_mul(1_024).wrapping_add(*place as u64))
            });
            if let Some(field) = self.fields.get(*place) {
                columns.push(field.column(rows.start, dice)?);
            }
        }
        let count = (rows.end - rows.start) as usize;
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let schema = Arc::new(self.schema.project(projection)?);
        RecordBatch::try_new_with_options(schema, columns, &options)
    }
}

/// Hands rows on as they fall due.
pub(super) struct DatagenSource {
    split: SplitId,
    rows: Arc<Rows>,
    projection: Option<Vec<usize>>,
    /// Rows per second and the clock; a subtask without makes no rows.
    pace: Option<(u64, Arc<dyn Clock>)>,
    started: Option<(Duration, u64)>,
    next: u64,
}

impl DatagenSource {
    pub(super) fn new(
        split: SplitId,
        rows: Arc<Rows>,
        projection: Option<Vec<usize>>,
        pace: Option<(u64, Arc<dyn Clock>)>,
    ) -> Self {
        Self { split, rows, projection, pace, started: None, next: 0 }
    }

    /// One past the last row that is due now.
    fn due(&mut self) -> u64 {
        let Some((rate, clock)) = &self.pace else { return 0 };
        let now = clock.monotonic();
        let (since, first) = *self.started.get_or_insert((now, self.next));
        let elapsed_ms = now.saturating_sub(since).as_millis() as u64;
        // The first row is due at once, so that a slow table shows something.
        let due = first + 1 + elapsed_ms.saturating_mul(*rate) / 1_000;
        self.rows.count.map_or(due, |count| due.min(count))
    }

    fn is_at_end(&self) -> bool {
        self.pace.is_none() || self.rows.count.is_some_and(|count| self.next >= count)
    }
}

impl Source for DatagenSource {
    fn set_waker(&mut self, _waker: Waker) {}

    fn open(&mut self, restored: Vec<SplitState>) -> Result<Vec<SplitId>, SourceError> {
        if self.pace.is_none() {
            return Ok(Vec::new());
        }
        if let Some(state) = restored.iter().find(|state| state.split == self.split) {
            let bytes = state.position.as_slice().try_into();
            let wrong = |_| SourceError::Position { split: self.split.clone() };
            self.next = u64::from_le_bytes(bytes.map_err(wrong)?);
        }
        Ok(if self.is_at_end() { Vec::new() } else { vec![self.split.clone()] })
    }

    fn poll(&mut self, rows_max: usize, out: &mut SourceOutput) -> Result<Polled, SourceError> {
        if self.is_at_end() {
            return Ok(Polled::Finished);
        }
        let end = self.due().min(self.next + (rows_max as u64).min(BATCH_ROWS));
        if end <= self.next {
            return Ok(Polled::PendingFor(TICK));
        }
        let batch = self.rows.batch(self.next..end, self.projection.as_deref());
        let batch = batch.map_err(|error| SourceError::Decode {
            split: self.split.clone(),
            row: self.next,
            source: error.into(),
        })?;
        self.next = end;
        out.emit(&self.split, batch);
        if self.is_at_end() {
            out.finish_split(&self.split);
        }
        Ok(Polled::Emitted)
    }

    fn snapshot(&mut self) -> Result<Vec<SplitState>, SourceError> {
        if self.pace.is_none() {
            return Ok(Vec::new());
        }
        let position = self.next.to_le_bytes().to_vec();
        Ok(vec![SplitState { split: self.split.clone(), position }])
    }
}

//! Event time read in the middle of a job, where the source could not do it.
//!
//! * Here the splits are mixed already, so a slow one is not waited for: prefer the source's own strategy.
//! * Watermarks from above are swallowed, except the end of all input.

use pancake_types::Watermark;

use crate::{
    ChangeBatch, Operator, OperatorError, OperatorState, Output,
    watermark::{EventTime, rowtimes},
};

const NAME: &str = "the watermark assigner";

/// Reads a rowtime column and hands on watermarks a constant delay behind it.
#[derive(Debug)]
pub struct WatermarkAssigner {
    rowtime: usize,
    delay_ms: i64,
    time: EventTime,
    emitted: Watermark,
}

impl WatermarkAssigner {
    /// An assigner over a `Timestamp(Millisecond)` column.
    pub const fn new(rowtime: usize, delay_ms: i64) -> Self {
        Self { rowtime, delay_ms, time: EventTime::new(), emitted: Watermark::MIN }
    }

    fn raise(&mut self, mark: Watermark, out: &mut Output) {
        if mark > self.emitted {
            self.emitted = mark;
            out.emit_watermark(mark);
        }
    }
}

impl Operator for WatermarkAssigner {
    fn on_batch(
        &mut self,
        _input: usize,
        batch: ChangeBatch,
        out: &mut Output,
    ) -> Result<(), OperatorError> {
        let times = rowtimes(&batch, self.rowtime)?;
        for piece in self.time.cut(&times, self.delay_ms) {
            out.emit(batch.slice(piece.offset, piece.length));
            self.raise(piece.mark, out);
        }
        Ok(())
    }

    fn on_watermark(&mut self, mark: Watermark, out: &mut Output) -> Result<(), OperatorError> {
        if mark == Watermark::MAX {
            self.raise(mark, out);
        }
        Ok(())
    }

    fn snapshot(&mut self) -> Result<OperatorState, OperatorError> {
        let plain = vec![self.emitted.millis().to_le_bytes().to_vec()];
        Ok(OperatorState { keyed: Vec::new(), plain })
    }

    fn restore(&mut self, state: OperatorState) -> Result<(), OperatorError> {
        // At a smaller parallelism several meet here; the smallest promise holds for all of them.
        let marks = state.plain.iter().map(|plain| {
            <[u8; 8]>::try_from(plain.as_slice())
                .map(i64::from_le_bytes)
                .map_err(|_| OperatorError::State { operator: NAME, reason: "it is no watermark" })
        });
        let marks = marks.collect::<Result<Vec<_>, _>>()?;
        if let Some(mark) = marks.into_iter().min().map(Watermark::from_millis) {
            self.emitted = mark;
            let largest = mark.moment().map(|mark| mark.millis().saturating_add(self.delay_ms));
            self.time = EventTime::from_largest(largest);
        }
        Ok(())
    }
}

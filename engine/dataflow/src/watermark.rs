//! How event time is read from rows: per split, the largest rowtime minus a constant delay.
//!
//! * The watermark of a source is the smallest of its active splits; a split without rows for a while is idle and
//!   holds nothing back; a split that comes back never pulls the watermark back, its old rows are late.

use std::time::Duration;

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

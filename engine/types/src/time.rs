//! Event time: when something happened, and what is promised about the rest.
//!
//! * Times are milliseconds since 1970-01-01 UTC, as in Kafka's records and Flink's `TIMESTAMP(3)`.
//! * A watermark *t* says that no later record has event time ≤ *t* (Flink's convention), so a window [a, b) is final
//!   at b − 1 ms.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A moment, in milliseconds since 1970-01-01 UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Makes a moment from milliseconds since 1970.
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

/// The promise that no later record of an input has event time at or before this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Watermark(i64);

impl Watermark {
    /// Nothing is promised yet.
    pub const MIN: Self = Self(i64::MIN);
    /// The input has ended: every window is final.
    pub const MAX: Self = Self(i64::MAX);

    /// Makes a watermark from milliseconds since 1970.
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since 1970; see [`Watermark::MIN`] and [`Watermark::MAX`] for the ends.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The moment, unless the watermark is one of the two ends.
    pub fn moment(self) -> Option<Timestamp> {
        (self != Self::MIN && self != Self::MAX).then_some(Timestamp(self.0))
    }

    /// Whether a window that ends at `end` (exclusive) can get no more records.
    pub const fn closes(self, end: Timestamp) -> bool {
        self.0 >= end.0.saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_final_one_millisecond_before_its_end() {
        let end = Timestamp::from_millis(10_000);
        assert!(!Watermark::from_millis(9_998).closes(end));
        assert!(Watermark::from_millis(9_999).closes(end));
        assert!(Watermark::MAX.closes(Timestamp::from_millis(i64::MAX)));
        assert!(!Watermark::MIN.closes(Timestamp::from_millis(0)));
    }
}

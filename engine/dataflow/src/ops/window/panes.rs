//! Which pane a row falls into, and which panes make up a window.
//!
//! * A pane is the longest stretch of time that no window's edge cuts: rows are aggregated once per pane, however many
//!   windows they are in.
//! * Arithmetic saturates: times at the ends of the range make no window overflow.

use super::WindowKind;
use crate::OperatorError;

/// Windows as panes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Panes {
    kind: WindowKind,
    offset: i64,
    /// Length of a pane; window ends lie this far apart.
    pub(super) slice: i64,
}

impl Panes {
    pub(super) fn new(kind: WindowKind, offset: i64) -> Result<Self, OperatorError> {
        let (slice, whole) = match kind {
            WindowKind::Tumble { size_ms } => (size_ms, size_ms),
            WindowKind::Hop { size_ms, slide_ms } => (slide_ms, size_ms),
            WindowKind::Cumulate { step_ms, size_max_ms } => (step_ms, size_max_ms),
        };
        if slice <= 0 || whole < slice || whole % slice != 0 {
            return Err(OperatorError::Window { size_ms: whole, step_ms: slice });
        }
        Ok(Self { kind, offset, slice })
    }

    /// The largest `offset + n * length` that is at or before a time.
    const fn floor(self, time: i64, length: i64) -> i64 {
        let since = time.saturating_sub(self.offset);
        since.saturating_sub(since.rem_euclid(length)).saturating_add(self.offset)
    }

    /// Start of the pane that a time falls into.
    pub(super) const fn pane_of(self, time: i64) -> i64 {
        self.floor(time, self.slice)
    }

    /// End of the last window that has a pane.
    pub(super) const fn last_end(self, pane: i64) -> i64 {
        match self.kind {
            WindowKind::Tumble { size_ms } | WindowKind::Hop { size_ms, .. } => {
                pane.saturating_add(size_ms)
            }
            WindowKind::Cumulate { size_max_ms, .. } => {
                self.floor(pane, size_max_ms).saturating_add(size_max_ms)
            }
        }
    }

    /// End of the first window that has a pane.
    pub(super) const fn first_end(self, pane: i64) -> i64 {
        pane.saturating_add(self.slice)
    }

    /// Start of the window that ends at `end`.
    pub(super) const fn start_of(self, end: i64) -> i64 {
        match self.kind {
            WindowKind::Tumble { size_ms } | WindowKind::Hop { size_ms, .. } => {
                end.saturating_sub(size_ms)
            }
            WindowKind::Cumulate { size_max_ms, .. } => {
                self.floor(end.saturating_sub(1), size_max_ms)
            }
        }
    }

    /// The first window end that a watermark leaves open.
    pub(super) const fn first_open_end(self, mark: i64) -> i64 {
        self.floor(mark.saturating_add(1), self.slice).saturating_add(self.slice)
    }

    /// How many of the windows that have one of these panes (in order) end after a watermark.
    pub(super) fn windows_open(self, panes: impl Iterator<Item = i64>, mark: i64) -> u64 {
        let first_open = if mark == i64::MIN { i64::MIN } else { self.first_open_end(mark) };
        let mut counted_to = i64::MIN;
        let mut open = 0;
        for pane in panes {
            let from = self.first_end(pane).max(first_open);
            let from = from.max(counted_to.saturating_add(self.slice));
            let to = self.last_end(pane);
            if from <= to {
                open += ((to - from) / self.slice + 1) as u64;
                counted_to = to;
            }
        }
        open
    }
}

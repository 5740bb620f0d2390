//! Counts and latencies of one model's answers, as plain numbers for `/metrics`.
//!
//! * Recording is a few atomic additions: nothing waits. A view is not a single moment, each of its numbers is.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use serde::Serialize;

/// Upper bounds of the latency buckets in microseconds, 10 µs to 1 s; slower answers are in one more bucket.
pub const LATENCY_BOUNDS_US: [u64; 16] = [
    10, 25, 50, 100, 200, 300, 500, 750, 1_000, 2_500, 5_000, 10_000, 50_000, 100_000, 500_000,
    1_000_000,
];

/// Counters that live as long as the model's endpoint.
#[derive(Debug, Default)]
pub struct Stats {
    answered: AtomicU64,
    cold: AtomicU64,
    failed: AtomicU64,
    sum_ns: AtomicU64,
    buckets: [AtomicU64; 17],
}

/// The counters of a moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StatsView {
    /// Users that got an answer.
    pub answered: u64,
    /// Of these, users unknown to the model, who got the popular items.
    pub cold_start: u64,
    /// Requests that got an error.
    pub failed: u64,
    /// Time spent on answers.
    pub sum_seconds: f64,
    /// Requests per bucket of [`LATENCY_BOUNDS_US`] (not cumulative), slower ones last.
    pub buckets: Vec<u64>,
}

impl Stats {
    pub(crate) fn answered(&self, users: usize, cold: usize, took: Duration) {
        self.answered.fetch_add(users as u64, Relaxed);
        self.cold.fetch_add(cold as u64, Relaxed);
        let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.sum_ns.fetch_add(ns, Relaxed);
        let bucket = LATENCY_BOUNDS_US.partition_point(|bound| bound * 1_000 < ns);
        if let Some(count) = self.buckets.get(bucket) {
            count.fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn failed(&self) {
        self.failed.fetch_add(1, Relaxed);
    }

    /// The counters now.
    pub fn view(&self) -> StatsView {
        StatsView {
            answered: self.answered.load(Relaxed),
            cold_start: self.cold.load(Relaxed),
            failed: self.failed.load(Relaxed),
            sum_seconds: self.sum_ns.load(Relaxed) as f64 / 1e9,
            buckets: self.buckets.iter().map(|count| count.load(Relaxed)).collect(),
        }
    }
}

impl StatsView {
    /// The bound below which a share `q` of the requests were answered; `None` before the first, or if they were slower
    /// than the last bound.
    pub fn quantile_us(&self, q: f64) -> Option<u64> {
        let total: u64 = self.buckets.iter().sum();
        let wanted = (q * total as f64).ceil().max(1.0) as u64;
        let mut reached = 0;
        self.buckets.iter().zip(LATENCY_BOUNDS_US).find_map(|(count, bound)| {
            reached += count;
            (reached >= wanted).then_some(bound)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_fall_into_the_bucket_that_bounds_them() {
        let stats = Stats::default();
        assert_eq!(stats.view().quantile_us(0.5), None);
        for us in [9, 10, 11, 900, 1_000_001] {
            stats.answered(1, 0, Duration::from_micros(us));
        }
        stats.failed();
        let view = stats.view();
        assert_eq!((view.answered, view.failed), (5, 1));
        assert_eq!(
            (view.buckets[0], view.buckets[1], view.buckets[8], view.buckets[16]),
            (2, 1, 1, 1)
        );
        assert_eq!((view.quantile_us(0.5), view.quantile_us(0.8)), (Some(25), Some(1_000)));
        assert_eq!(view.quantile_us(0.99), None);
    }
}

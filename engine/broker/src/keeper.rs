//! Housekeeping: makes appends durable in the background, deletes what retention lets go, compacts.
//!
//! * Partitions that are dirty are synced on several threads at once: one fdatasync after another takes many times longer.
//! * The thread holds the broker weakly; it ends when the broker is closed or dropped.

use std::{
    sync::{
        Arc, Condvar, Mutex, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use pancake_log::Log;
use pancake_types::Timestamp;

use crate::{broker::Inner, lock::locked, partition::Partition};

/// Threads that sync at once.
const SYNCERS: usize = 8;

/// Tells the threads of a broker to end.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    /// Ends the threads.
    pub(crate) fn stop(&self) {
        *locked(&self.stopped) = true;
        self.changed.notify_all();
    }

    /// Sleeps, and says whether to end.
    fn sleep(&self, interval: Duration) -> bool {
        let stopped = locked(&self.stopped);
        let waited = self.changed.wait_timeout_while(stopped, interval, |stopped| !*stopped);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// The body of the housekeeping thread.
pub(crate) fn run(broker: &Weak<Inner>, stop: &Stop, interval: Duration) {
    let mut cleaned = Duration::ZERO;
    while !stop.sleep(interval) {
        let Some(broker) = broker.upgrade() else { return };
        broker.sync_all();
        let now = broker.options.clock.monotonic();
        if now.saturating_sub(cleaned) >= broker.options.cleanup_interval {
            cleaned = now;
            broker.clean();
        }
    }
}

impl Inner {
    /// Makes everything appended so far durable, in every partition.
    pub(crate) fn sync_all(&self) {
        let topics = self.topics.all();
        let all = topics.iter().flat_map(|t| &t.partitions);
        let dirty: Vec<&Arc<Partition>> = all.filter(|p| p.log.is_dirty()).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some(partition) = dirty.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Err(error) = partition.sync() {
                    tracing::error!(partition = %partition.name, %error, "cannot sync");
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..SYNCERS.min(dirty.len()) {
                scope.spawn(work);
            }
            work();
        });
        if self.state.log().is_dirty()
            && let Err(error) = self.state.log().sync()
        {
            tracing::error!(%error, "cannot sync the state log");
        }
    }

    /// Applies retention and compaction to every log.
    fn clean(&self) {
        let now = self.options.clock.now();
        for topic in self.topics.all() {
            for partition in &topic.partitions {
                clean_log(&partition.log, now, &partition.name.to_string());
            }
        }
        clean_log(self.state.log(), now, "state");
    }
}

fn clean_log(log: &Log, now: Timestamp, name: &str) {
    let cleanup = log.options().cleanup;
    if cleanup.compacts()
        && let Err(error) = log.compact(now)
    {
        tracing::error!(partition = name, %error, "cannot compact");
    }
    if cleanup.deletes()
        && let Err(error) = log.delete_expired(now)
    {
        tracing::error!(partition = name, %error, "cannot delete old segments");
    }
}

//! Syncing many logs at once: a disk does several fsyncs in little more time than one.
//!
//! * The threads end with the call, and there are never more of them than asked for.
//! * One log's failure is that log's alone; the others are synced.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::{Log, SyncError};

/// Syncs the dirty ones of several logs on up to `threads_max` threads, and answers with those that failed.
///
/// ```
/// # use std::{num::NonZeroUsize, sync::Arc};
/// # use pancake_log::{FileStorage, Log, LogOptions, sync_round};
/// # let home = tempfile::tempdir()?;
/// let (log, _) = Log::open(Arc::new(FileStorage), &home.path().join("t-0"), LogOptions::default())?;
/// let failed = sync_round(&[Arc::new(log)], NonZeroUsize::MIN);
/// assert!(failed.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sync_round(logs: &[Arc<Log>], threads_max: NonZeroUsize) -> Vec<(Arc<Log>, SyncError)> {
    let dirty: Vec<_> = logs.iter().filter(|log| log.is_dirty()).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut failed = Vec::new();
        while let Some(log) = dirty.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = log.sync() {
                failed.push((Arc::clone(log), error));
            }
        }
        failed
    };
    let others = threads_max.get().min(dirty.len()).saturating_sub(1);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..others).map(|_| scope.spawn(work)).collect();
        let mut failed = work();
        for thread in threads {
            // A thread that panicked holds a log that is poisoned now, and says so at its next append.
            failed.extend(thread.join().unwrap_or_default());
        }
        failed
    })
}

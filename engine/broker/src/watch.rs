//! Who wants to know of appends: fetches that wait, and sources in this process.
//!
//! * A waker is called after every append, outside any lock; it must be cheap and may drop its own subscription.

use std::{
    fmt,
    sync::{Arc, Mutex, Weak},
};

use crate::lock::locked;

/// Called after each append.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

#[derive(Clone)]
struct Entry {
    id: u64,
    waker: Waker,
}

#[derive(Default)]
struct List {
    next_id: u64,
    // Replaced, never changed, so that waking walks a list without holding the lock.
    entries: Arc<[Entry]>,
}

/// The wakers of one partition.
#[derive(Clone, Default)]
pub(crate) struct Watchers(Arc<Mutex<List>>);

impl Watchers {
    /// Adds a waker for as long as the subscription lives.
    pub(crate) fn subscribe(&self, waker: Waker) -> Subscription {
        let mut list = locked(&self.0);
        let id = list.next_id;
        list.next_id += 1;
        let new = std::iter::once(Entry { id, waker });
        list.entries = list.entries.iter().cloned().chain(new).collect();
        Subscription { id, watchers: Arc::downgrade(&self.0) }
    }

    /// Calls every waker.
    pub(crate) fn wake(&self) {
        let entries = Arc::clone(&locked(&self.0).entries);
        for entry in entries.iter() {
            (entry.waker)();
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        locked(&self.0).entries.len()
    }
}

impl fmt::Debug for Watchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchers").field("count", &locked(&self.0).entries.len()).finish()
    }
}

/// A place among a partition's wakers; dropping it gives the place up.
#[must_use = "dropping a subscription ends it"]
pub struct Subscription {
    id: u64,
    watchers: Weak<Mutex<List>>,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let Some(watchers) = self.watchers.upgrade() else { return };
        let mut list = locked(&watchers);
        list.entries = list.entries.iter().filter(|e| e.id != self.id).cloned().collect();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn a_waker_is_called_until_its_subscription_is_dropped() {
        let watchers = Watchers::default();
        let calls = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&calls);
        let subscription = watchers.subscribe(Arc::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        }));
        watchers.wake();
        assert_eq!((calls.load(Ordering::Relaxed), watchers.len()), (1, 1));
        drop(subscription);
        watchers.wake();
        assert_eq!((calls.load(Ordering::Relaxed), watchers.len()), (1, 0));
    }
}

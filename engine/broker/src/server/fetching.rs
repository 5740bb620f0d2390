//! Waiting until there is enough to read.
//!
//! * Wakers are in place before the logs are looked at, so an append between looking and waiting is not missed.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Notify, time::sleep};

use crate::{partition::Partition, watch::Subscription};

/// A fetch's ear on its partitions.
#[derive(Debug)]
pub(crate) struct Listening {
    woken: Arc<Notify>,
    _subscriptions: Vec<Subscription>,
}

impl Listening {
    /// Listens to appends on partitions.
    pub(crate) fn to<'a>(partitions: impl Iterator<Item = &'a Arc<Partition>>) -> Self {
        let woken = Arc::new(Notify::new());
        let subscribe = |partition: &Arc<Partition>| {
            let woken = Arc::clone(&woken);
            partition.watchers.subscribe(Arc::new(move || woken.notify_one()))
        };
        let subscriptions = partitions.map(subscribe).collect();
        Self { woken, _subscriptions: subscriptions }
    }

    /// Waits until `ready` gives something, or gives what `ready` gives at last when the time is up.
    pub(crate) async fn until<T>(
        self,
        wait_max: Duration,
        mut ready: impl FnMut(bool) -> Option<T>,
    ) -> Option<T> {
        let deadline = sleep(wait_max);
        tokio::pin!(deadline);
        loop {
            if let Some(found) = ready(false) {
                return Some(found);
            }
            tokio::select! {
                () = self.woken.notified() => {}
                () = &mut deadline => return ready(true),
            }
        }
    }
}

/// Longest that a fetch waits, whatever the client asks for.
pub(crate) const WAIT_MAX: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_wait_ends_with_the_last_look() {
        let listening = Listening::to(std::iter::empty());
        let looked = listening.until(Duration::ZERO, |last| last.then_some(7)).await;
        assert_eq!(looked, Some(7));
        let never = Listening::to(std::iter::empty()).until(WAIT_MAX, |_| None::<()>);
        assert!(timeout(Duration::ZERO, never).await.is_err());
    }
}

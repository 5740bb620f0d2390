//! Online updates: a thread that follows a topic, folds each event into the served version, and writes what changed.
//!
//! * Each event's new rows go to `_pancake.params.<model>` before they are served, so that a restart serves them again.
//! * The thread waits on appends; it never polls.
//! * An event that cannot be understood is counted, shown and left out.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use bytes::Bytes;
use pancake_broker::{Broker, Durability, NewRecord, Record, TopicSpec};
use pancake_ml::FactorModel;
use pancake_serving::{
    EventFields, Live, ModelName, OnlineUpdater, ParamRecord, Recommender, SourceEvent,
    VersionRecord, params_topic,
};
use pancake_types::{Clock, Offset, PartitionId, TopicName, TopicPartition};
use serde_json::Value;

use super::blobs::Blobs;
use crate::{
    NodeError,
    api::OnlineView,
    journal::COMPACTED,
    topics::{fetch_error, name, produce_error, topic_error},
};

/// Bytes of the source topic read at once.
const READ_BYTES: usize = 256 << 10;
/// Bytes of the params topic read at once.
const REPLAY_BYTES: usize = 4 << 20;
/// Events whose rows are written in one append.
const EVENTS_MAX: usize = 64;
/// Pause before a follower that failed begins again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Everything that serving a version takes.
pub(super) struct Start {
    pub(super) broker: Broker,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) recommender: Arc<Recommender>,
    pub(super) blobs: Arc<Blobs>,
    pub(super) version: VersionRecord,
    /// Topic of events, if the version is to be updated online.
    pub(super) topic: Option<String>,
}

/// What the thread and its owner share.
#[derive(Debug, Default)]
struct Shared {
    /// When the oldest append that is not served yet came, on the monotonic clock.
    woken: Mutex<Woken>,
    changed: Condvar,
    malformed: AtomicU64,
    /// Milliseconds plus one; 0 is "no event yet".
    age: AtomicU64,
}

#[derive(Debug, Default)]
struct Woken {
    since: Option<Duration>,
    stop: bool,
}

/// A thread that follows a topic. Ends when dropped.
#[derive(Debug)]
pub(super) struct Follower {
    shared: Arc<Shared>,
    broker: Broker,
    topic: TopicName,
    position: Arc<Mutex<BTreeMap<PartitionId, Offset>>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Follower {
    fn drop(&mut self) {
        lock(&self.shared.woken).stop = true;
        self.shared.changed.notify_all();
        if self.thread.take().is_some_and(|t| t.join().is_err()) {
            tracing::error!(topic = %self.topic, "the thread of online updates panicked");
        }
    }
}

impl Start {
    /// Serves the version with every update that was written down, and follows its topic if it has one. Blocks until the
    /// version serves.
    pub(super) fn serve(self) -> Result<Option<Follower>, NodeError> {
        let model = self.blobs.model(&self.version.sha256)?;
        let params = params_partition(&self.broker, &self.version.model)?;
        let (live, updater) = self.replay(&params, model)?;
        self.recommender.swap(live);
        let Some(topic) = self.topic.as_deref() else { return Ok(None) };
        let topic = name(topic)?;
        let shared = Arc::new(Shared::default());
        // Known from the start, so that events that wait are seen as waiting before the first is read.
        let view = self.broker.topic(&topic);
        let starts = view.iter().flat_map(|v| &v.partitions).map(|p| {
            let next = updater.position(p.id).unwrap_or(Offset::ZERO);
            (p.id, next.max(p.log_start_offset))
        });
        let position: Arc<Mutex<BTreeMap<_, _>>> = Arc::new(Mutex::new(starts.collect()));
        let run = Run {
            topic: topic.clone(),
            fields: EventFields {
                user: param(&self.version, "user_col"),
                item: param(&self.version, "item_col"),
            },
            params,
            shared: Arc::clone(&shared),
            position: Arc::clone(&position),
            start: self,
        };
        let broker = run.start.broker.clone();
        let thread = thread::Builder::new()
            .name(format!("online-{}", run.start.version.model))
            .spawn(move || run.follow(updater))
            .map_err(|e| NodeError::new(crate::ErrorKind::Unavailable, "threads", e.to_string()))?;
        Ok(Some(Follower { shared, broker, topic, position, thread: Some(thread) }))
    }

    /// A version with all its updates, for answering and for updating.
    fn replay(
        &self,
        params: &TopicPartition,
        model: FactorModel,
    ) -> Result<(Arc<Live>, OnlineUpdater), NodeError> {
        let start = self.source_start();
        let live = Live::new(self.version.version, model.clone());
        let mut updater = OnlineUpdater::new(self.version.version, model, start);
        let (mut next, end) = self.broker.bounds(params).map_err(fetch_error)?;
        while next < end {
            let read = self.broker.read(params, next, REPLAY_BYTES).map_err(fetch_error)?;
            if read.next <= next {
                break;
            }
            next = read.next;
            for record in &read.records {
                if let Some(param) = decode(record) {
                    live.apply(record.offset, &param);
                    updater.replay(&param);
                }
            }
        }
        updater.replayed();
        Ok((Arc::new(live), updater))
    }

    /// Where the events begin that the version was not trained on: where its topic ended then. A topic that training did
    /// not see is newer than the version, so all of it counts; pairs that are known already change nothing.
    fn source_start(&self) -> BTreeMap<PartitionId, Offset> {
        let topic = self.topic.as_ref();
        topic.and_then(|topic| self.version.trained_to.get(topic)).cloned().unwrap_or_default()
    }
}

/// The thread's own things.
struct Run {
    start: Start,
    topic: TopicName,
    fields: EventFields,
    params: TopicPartition,
    shared: Arc<Shared>,
    position: Arc<Mutex<BTreeMap<PartitionId, Offset>>>,
}

impl Run {
    /// Follows until told to stop; what failed is begun again from what is written down.
    fn follow(&self, mut updater: OnlineUpdater) {
        loop {
            match self.follow_once(&mut updater) {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(topic = %self.topic, %error, "online updates begin again");
                    if self.pause(RETRY_PAUSE) {
                        return;
                    }
                }
            }
            match self.again() {
                Ok(fresh) => updater = fresh,
                Err(error) => {
                    tracing::error!(topic = %self.topic, %error, "online updates cannot begin again");
                }
            }
        }
    }

    /// A fresh updater, made from what is written down.
    fn again(&self) -> Result<OnlineUpdater, NodeError> {
        let model = self.start.blobs.model(&self.start.version.sha256)?;
        let (live, updater) = self.start.replay(&self.params, model)?;
        self.start.recommender.swap(live);
        Ok(updater)
    }

    fn follow_once(&self, updater: &mut OnlineUpdater) -> Result<(), NodeError> {
        let partitions =
            self.start.broker.topic(&self.topic).map(|v| v.partitions).unwrap_or_default();
        let mut subscriptions = Vec::new();
        for partition in &partitions {
            let at = self.topic.partition(partition.id);
            let (shared, clock) = (Arc::clone(&self.shared), Arc::clone(&self.start.clock));
            let waker = Arc::new(move || {
                lock(&shared.woken).since.get_or_insert_with(|| clock.monotonic());
                shared.changed.notify_all();
            });
            subscriptions.push(self.start.broker.on_append(&at, waker).map_err(fetch_error)?);
        }
        // What came before the subscriptions is read too.
        lock(&self.shared.woken).since.get_or_insert_with(|| self.start.clock.monotonic());
        while let Some(since) = self.wait() {
            for partition in &partitions {
                self.drain(updater, partition.id)?;
            }
            let age = self.start.clock.monotonic().saturating_sub(since).as_millis() as u64;
            self.shared.age.store(age + 1, Relaxed);
        }
        Ok(())
    }

    /// Folds everything that a partition has.
    fn drain(&self, updater: &mut OnlineUpdater, partition: PartitionId) -> Result<(), NodeError> {
        let at = self.topic.partition(partition);
        let (log_start, _) = self.start.broker.bounds(&at).map_err(fetch_error)?;
        let mut next = updater.position(partition).unwrap_or(Offset::ZERO).max(log_start);
        loop {
            if lock(&self.shared.woken).stop {
                return Ok(());
            }
            let read = self.start.broker.read(&at, next, READ_BYTES).map_err(fetch_error)?;
            if read.next <= next {
                return Ok(());
            }
            for records in read.records.chunks(EVENTS_MAX) {
                self.fold(updater, partition, records)?;
            }
            next = read.next;
            lock(&self.position).insert(partition, next);
        }
    }

    /// Folds some events, writes their rows, then serves them.
    fn fold(
        &self,
        updater: &mut OnlineUpdater,
        partition: PartitionId,
        records: &[Record],
    ) -> Result<(), NodeError> {
        let mut rows: Vec<ParamRecord> = Vec::new();
        for record in records {
            match self.fields.read(record.value.as_deref().unwrap_or_default()) {
                Ok((user, item)) => {
                    let event =
                        SourceEvent { partition, offset: record.offset, user: &user, item: &item };
                    rows.extend(updater.fold(&event));
                }
                Err(error) => {
                    self.shared.malformed.fetch_add(1, Relaxed);
                    tracing::debug!(%error, offset = %record.offset, "an event is left out");
                    updater.skip(partition, record.offset);
                }
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        let encoded = rows.iter().map(|row| NewRecord {
            key: Some(Bytes::from(row.key())),
            value: Some(Bytes::from(row.value())),
            ..NewRecord::default()
        });
        let first = self
            .start
            .broker
            .append(&self.params, encoded.collect(), Durability::Cache)
            .map_err(produce_error)?;
        for (row, offset) in rows.iter().zip(first.get()..) {
            self.start.recommender.apply(Offset::new(offset), row);
        }
        Ok(())
    }

    /// Waits for an append; none when told to stop.
    fn wait(&self) -> Option<Duration> {
        let mut woken = lock(&self.shared.woken);
        loop {
            if woken.stop {
                return None;
            }
            if let Some(since) = woken.since.take() {
                return Some(since);
            }
            woken = self.shared.changed.wait(woken).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits; says whether it was told to stop meanwhile.
    fn pause(&self, limit: Duration) -> bool {
        let woken = lock(&self.shared.woken);
        let waited = self.shared.changed.wait_timeout_while(woken, limit, |w| !w.stop);
        waited.unwrap_or_else(PoisonError::into_inner).0.stop
    }
}

impl Follower {
    /// How the updates stand.
    pub(super) fn view(&self, live: &Live) -> OnlineView {
        let position = lock(&self.position).clone();
        let partitions = self.broker.topic(&self.topic).map(|v| v.partitions).unwrap_or_default();
        let lag = partitions
            .iter()
            .filter_map(|p| position.get(&p.id).map(|at| p.log_end_offset.since(*at)));
        let age = self.shared.age.load(Relaxed);
        OnlineView {
            topic: self.topic.to_string(),
            events: live.events(),
            params_offset: live.params_offset().get(),
            lag: lag.sum(),
            age_ms: age.checked_sub(1),
            malformed: self.shared.malformed.load(Relaxed),
        }
    }
}

/// Removes the updates of a model that is gone.
pub(super) fn forget(broker: &Broker, model: &ModelName) -> Result<(), NodeError> {
    let topic =
        params_topic(model).map_err(|e| NodeError::invalid("invalid_model", e.to_string()))?;
    if broker.topic(&topic).is_some() {
        broker.delete_topic(&topic).map_err(topic_error)?;
    }
    Ok(())
}

fn params_partition(broker: &Broker, model: &ModelName) -> Result<TopicPartition, NodeError> {
    let topic =
        params_topic(model).map_err(|e| NodeError::invalid("invalid_model", e.to_string()))?;
    let config = COMPACTED.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let spec = TopicSpec { partitions: Some(1), config };
    broker.ensure_topic(&topic, spec).map_err(topic_error)?;
    Ok(topic.partition(PartitionId::new(0)))
}

fn decode(record: &Record) -> Option<ParamRecord> {
    match ParamRecord::decode(record.key.as_deref().unwrap_or_default(), record.value.as_deref()) {
        Ok(param) => param,
        Err(error) => {
            tracing::warn!(%error, offset = %record.offset, "a parameter record cannot be read");
            None
        }
    }
}

fn param(version: &VersionRecord, key: &str) -> String {
    version.params.get(key).and_then(Value::as_str).unwrap_or(key).to_owned()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

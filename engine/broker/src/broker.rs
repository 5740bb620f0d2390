//! The broker as its own process uses it: topics, records and groups without a socket.
//!
//! * Nothing here waits for a network; [`Broker::serve`] opens the same broker to Kafka's clients.
//! * This is the only door through which `_pancake.*` topics are written.
//!
//! Start reading at [`Broker::open`], then [`Broker::append`].

use std::{
    sync::{Arc, Mutex},
    thread,
};

use bytes::Bytes;
use pancake_log::batch::{self, BatchBuilder, Header, Record};
use pancake_types::{Offset, Timestamp, TopicName, TopicPartition};
use uuid::Uuid;

use crate::{
    error::{
        FetchError, GroupError, OpenError, ProduceError, ShutdownError, StateError, TopicError,
        TruncateError,
    },
    group::GroupState,
    groups::Groups,
    keeper::{self, Stop},
    lock::locked,
    offsets::{Committed, Offsets},
    options::BrokerOptions,
    partition::Partition,
    producers::ProducerIds,
    state::{Change, StateKey, StateLog, Stored, parse},
    topics::{TopicSpec, Topics, TopicsOptions},
    view::{GroupView, TopicView},
    watch::{Subscription, Waker},
};

/// Name of the broker's own log inside the log directory.
const STATE_DIR: &str = "state";

/// When an append counts as done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The operating system has it: it survives the death of the process. The disk follows within about a second.
    #[default]
    Cache,
    /// The disk has it: it survives a power cut.
    Fsync,
}

/// A record to be appended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRecord {
    /// The key.
    pub key: Option<Bytes>,
    /// The value; none is a tombstone.
    pub value: Option<Bytes>,
    /// Headers, in their order.
    pub headers: Vec<Header>,
    /// When it happened; the moment of the append if absent.
    pub timestamp: Option<Timestamp>,
}

/// Records that were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadBatch {
    /// The records, from the asked offset on.
    pub records: Vec<Record>,
    /// Where to go on reading.
    pub next: Offset,
    /// One past the last record that could be read.
    pub high_watermark: Offset,
}

/// A running broker. Clones are handles to the same one.
#[derive(Clone, Debug)]
pub struct Broker(pub(crate) Arc<Inner>);

/// The parts of a running broker.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) options: BrokerOptions,
    pub(crate) cluster_id: String,
    pub(crate) state: Arc<StateLog>,
    pub(crate) topics: Topics,
    pub(crate) offsets: Arc<Offsets>,
    pub(crate) groups: Arc<Groups>,
    pub(crate) producers: ProducerIds,
    stop: Arc<Stop>,
    threads: Mutex<Vec<thread::JoinHandle<()>>>,
}

impl Broker {
    /// Opens the broker of a directory: recovers every log and restores topics, offsets and producer ids.
    pub fn open(options: BrokerOptions) -> Result<Self, OpenError> {
        let dir = &options.log_dir;
        let made = options.storage.create_dir_all(dir);
        made.map_err(|source| OpenError::Directory { path: dir.clone(), source })?;
        let (storage, clock) = (Arc::clone(&options.storage), Arc::clone(&options.clock));
        let (state, stored) = StateLog::open(storage, clock, &dir.join(STATE_DIR))?;
        let state = Arc::new(state);
        let topics = TopicsOptions {
            log_dir: dir.clone(),
            storage: Arc::clone(&options.storage),
            default_partitions: options.default_partitions,
            partitions_max: options.limits.partitions_max,
        };
        let offsets_max = options.limits.group_offsets_max;
        let offsets = Arc::new(Offsets::restore(Arc::clone(&state), &stored, offsets_max)?);
        let inner = Arc::new(Inner {
            cluster_id: cluster_id(&state, &stored)?,
            topics: Topics::restore(topics, Arc::clone(&state), &stored)?,
            groups: Arc::new(Groups::new(&options, Arc::clone(&offsets))),
            producers: ProducerIds::restore(Arc::clone(&state), &stored)?,
            offsets,
            state,
            options,
            stop: Arc::default(),
            threads: Mutex::default(),
        });
        inner.start_threads().map_err(OpenError::Thread)?;
        Ok(Self(inner))
    }

    /// Creates a topic.
    pub fn create_topic(&self, name: &TopicName, spec: TopicSpec) -> Result<TopicView, TopicError> {
        Ok(TopicView::of(&*self.0.topics.create(name, spec)?))
    }

    /// The topic with this name, created if it is not there. One that is there is left as it is.
    pub fn ensure_topic(&self, name: &TopicName, spec: TopicSpec) -> Result<TopicView, TopicError> {
        if let Some(topic) = self.topic(name) {
            return Ok(topic);
        }
        match self.create_topic(name, spec) {
            Err(TopicError::Exists { topic }) => {
                let unknown = || TopicError::Unknown { topic: topic.to_string() };
                self.topic(&topic).ok_or_else(unknown)
            }
            created => created,
        }
    }

    /// Deletes a topic with its records and what groups have committed for it.
    pub fn delete_topic(&self, name: &TopicName) -> Result<(), TopicError> {
        self.0.delete_topic(name.as_str())
    }

    /// All topics, by name.
    pub fn topics(&self) -> Vec<TopicView> {
        self.0.topics.all().iter().map(|t| TopicView::of(t)).collect()
    }

    /// The topic with a name.
    pub fn topic(&self, name: &TopicName) -> Option<TopicView> {
        self.0.topics.get(name.as_str()).map(|t| TopicView::of(&t))
    }

    /// Appends records as one batch and says where the first came to lie.
    pub fn append(
        &self,
        to: &TopicPartition,
        records: Vec<NewRecord>,
        durability: Durability,
    ) -> Result<Offset, ProduceError> {
        let unknown = || ProduceError::UnknownPartition { partition: to.clone() };
        let partition = self.0.topics.partition(to).ok_or_else(unknown)?;
        if records.is_empty() {
            return Err(ProduceError::Empty);
        }
        let now = self.0.options.clock.now();
        let mut builder = BatchBuilder::new();
        for NewRecord { key, value, headers, timestamp } in records {
            let timestamp = timestamp.unwrap_or(now);
            builder.push(&batch::NewRecord { timestamp, key, value, headers });
        }
        let appended = partition
            .append(builder.build(), now)
            .map_err(|source| ProduceError::Append { partition: to.clone(), source })?;
        if durability == Durability::Fsync {
            let synced = partition.sync();
            synced.map_err(|source| ProduceError::Sync { partition: to.clone(), source })?;
        }
        Ok(appended.base_offset)
    }

    /// Makes everything appended to a partition so far durable.
    pub fn sync(&self, partition: &TopicPartition) -> Result<(), ProduceError> {
        let unknown = || ProduceError::UnknownPartition { partition: partition.clone() };
        let found = self.0.topics.partition(partition).ok_or_else(unknown)?;
        found.sync().map_err(|source| ProduceError::Sync { partition: partition.clone(), source })
    }

    /// Reads about `bytes_max` bytes of records from an offset on; at the end of the log there are none.
    pub fn read(
        &self,
        at: &TopicPartition,
        from: Offset,
        bytes_max: usize,
    ) -> Result<ReadBatch, FetchError> {
        let partition = self.fetchable(at)?;
        let fetched = partition
            .log
            .read(from, bytes_max)
            .map_err(|source| FetchError::Read { partition: at.clone(), source })?;
        let decoded = decode(&fetched.batches, from);
        let records =
            decoded.map_err(|source| FetchError::Decode { partition: at.clone(), source })?;
        let next = fetched.next.max(from);
        Ok(ReadBatch { records, next, high_watermark: fetched.high_watermark })
    }

    /// Reads whole encoded batches, the first of which may begin before the asked offset.
    pub fn read_raw(
        &self,
        at: &TopicPartition,
        from: Offset,
        bytes_max: usize,
    ) -> Result<pancake_log::Fetched, FetchError> {
        let read = self.fetchable(at)?.log.read(from, bytes_max);
        read.map_err(|source| FetchError::Read { partition: at.clone(), source })
    }

    /// First and next offset of a partition.
    pub fn bounds(&self, at: &TopicPartition) -> Result<(Offset, Offset), FetchError> {
        let partition = self.fetchable(at)?;
        Ok((partition.log.start_offset(), partition.log.end_offset()))
    }

    /// The first record at or after a moment.
    pub fn offset_at(
        &self,
        at: &TopicPartition,
        moment: Timestamp,
    ) -> Result<Option<(Timestamp, Offset)>, FetchError> {
        let found = self.fetchable(at)?.log.offset_at(moment);
        found.map_err(|source| FetchError::Read { partition: at.clone(), source })
    }

    fn fetchable(&self, at: &TopicPartition) -> Result<Arc<Partition>, FetchError> {
        let unknown = || FetchError::UnknownPartition { partition: at.clone() };
        self.0.topics.partition(at).ok_or_else(unknown)
    }

    /// Calls a waker after each append to a partition, for as long as the subscription is kept.
    pub fn on_append(&self, at: &TopicPartition, waker: Waker) -> Result<Subscription, FetchError> {
        Ok(self.fetchable(at)?.watchers.subscribe(waker))
    }

    /// Deletes records before an offset, for good, and says where the log starts now.
    pub fn delete_before(
        &self,
        at: &TopicPartition,
        offset: Offset,
    ) -> Result<Offset, TruncateError> {
        let unknown = || TruncateError::UnknownPartition { partition: at.clone() };
        let partition = self.0.topics.partition(at).ok_or_else(unknown)?;
        let deleted = partition.log.delete_before(offset);
        deleted.map_err(|source| TruncateError::Log { partition: at.clone(), source })
    }

    /// All groups, by id.
    pub fn groups(&self) -> Vec<GroupView> {
        let ids = self.0.groups.ids();
        ids.iter().filter_map(|id| self.0.group_view(id)).collect()
    }

    /// The group with an id.
    pub fn group(&self, id: &str) -> Option<GroupView> {
        self.0.group_view(id)
    }

    /// Commits an offset for a group, as a member of it would.
    pub fn commit(
        &self,
        group: &str,
        at: &TopicPartition,
        offset: Offset,
    ) -> Result<(), GroupError> {
        self.0.commit(group, vec![(at.clone(), offset)])
    }

    /// Moves a group that has no members to other offsets.
    pub fn reset_offsets(
        &self,
        group: &str,
        offsets: Vec<(TopicPartition, Offset)>,
    ) -> Result<(), GroupError> {
        self.check_without_members(group)?;
        self.0.commit(group, offsets)
    }

    /// Deletes a group that has no members, with its offsets.
    pub fn delete_group(&self, group: &str) -> Result<(), GroupError> {
        self.check_without_members(group)?;
        if !self.0.offsets.has(group) {
            return Err(GroupError::Unknown { group: group.to_owned() });
        }
        Ok(self.0.offsets.remove(group, |_| true)?)
    }

    fn check_without_members(&self, group: &str) -> Result<(), GroupError> {
        match self.0.groups.state(group) {
            GroupState::Empty | GroupState::Dead => Ok(()),
            _ => Err(GroupError::NotEmpty { group: group.to_owned() }),
        }
    }

    /// A producer id that nobody else has or will get.
    pub fn new_producer_id(&self) -> Result<i64, StateError> {
        self.0.producers.next()
    }

    /// Ends housekeeping, makes everything durable and marks the logs as cleanly closed. Stop serving first.
    pub async fn close(&self) -> Result<(), ShutdownError> {
        let inner = Arc::clone(&self.0);
        let closed = tokio::task::spawn_blocking(move || inner.close()).await;
        closed.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()))
    }
}

impl Inner {
    fn start_threads(self: &Arc<Self>) -> std::io::Result<()> {
        let (broker, stop) = (Arc::downgrade(self), Arc::clone(&self.stop));
        let interval = self.options.sync_interval;
        let keeper = thread::Builder::new().name("broker-keeper".to_owned());
        let keeper = keeper.spawn(move || keeper::run(&broker, &stop, interval))?;
        let groups = Arc::clone(&self.groups);
        let coordinator = thread::Builder::new().name("broker-groups".to_owned());
        let coordinator = coordinator.spawn(move || groups.run())?;
        locked(&self.threads).extend([keeper, coordinator]);
        Ok(())
    }

    /// Deletes a topic with what groups have committed for it.
    pub(crate) fn delete_topic(&self, name: &str) -> Result<(), TopicError> {
        let topic = self.topics.delete(name)?;
        Ok(self.offsets.forget_topic(&topic.name)?)
    }

    fn commit(
        &self,
        group: &str,
        offsets: Vec<(TopicPartition, Offset)>,
    ) -> Result<(), GroupError> {
        let committed = |offset| Committed { offset, leader_epoch: None, metadata: String::new() };
        let offsets = offsets.into_iter().map(|(at, offset)| (at, committed(offset)));
        self.offsets.commit(group, offsets.collect())
    }

    fn close(&self) -> Result<(), ShutdownError> {
        self.stop.stop();
        self.groups.stop();
        for thread in locked(&self.threads).drain(..) {
            if thread.join().is_err() {
                tracing::error!("a housekeeping thread panicked");
            }
        }
        self.sync_all();
        for topic in self.topics.all() {
            for partition in &topic.partitions {
                let closed = partition.log.close();
                let name = || partition.name.clone();
                closed.map_err(|source| ShutdownError::Partition { partition: name(), source })?;
            }
        }
        self.state.log().close().map_err(ShutdownError::State)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop.stop();
        self.groups.stop();
    }
}

/// The cluster's id, made when the broker is opened for the first time.
fn cluster_id(state: &StateLog, stored: &Stored) -> Result<String, StateError> {
    if let Some(id) = stored.get(&StateKey::Cluster) {
        return parse(id);
    }
    let id = Uuid::new_v4().simple().to_string();
    state.put(vec![Change::set(StateKey::Cluster, &id)?], Durability::Fsync)?;
    Ok(id)
}

/// The records of fetched batches from an offset on, without the markers of coordinators.
fn decode(batches: &Bytes, from: Offset) -> Result<Vec<Record>, batch::BatchError> {
    let mut records = Vec::new();
    for one in batch::split(batches) {
        let (header, bytes) = one?;
        if header.is_control() {
            continue;
        }
        for record in batch::decode(&bytes)? {
            let record = record?;
            if record.offset >= from {
                records.push(record);
            }
        }
    }
    Ok(records)
}

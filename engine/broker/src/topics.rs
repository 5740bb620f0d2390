//! Which topics there are, and their partitions.
//!
//! * A topic exists from the moment its record is durable in the state log; its directories follow from that.
//! * A [`Topic`] never changes: a new setting or partition makes a new one that shares the old partitions.
//! * Changes go one at a time; looking a topic up waits for none of them.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, RwLock, atomic::AtomicUsize, atomic::Ordering},
};

use pancake_log::Log;
use pancake_types::{PartitionId, Storage, TopicName, TopicPartition};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    broker::Durability,
    config::{self, TopicConfig},
    error::{OpenError, StateError, TopicError},
    lock::{locked, reading, writing},
    partition::Partition,
    state::{Change, StateKey, StateLog, Stored, parse},
};

/// Threads that open logs at start.
const OPENERS: usize = 8;

/// A topic as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct TopicRecord {
    #[serde(with = "id_text")]
    id: Uuid,
    partitions: u32,
    #[serde(default)]
    config: TopicConfig,
}

/// A topic while the broker runs.
#[derive(Debug)]
pub(crate) struct Topic {
    /// Its name.
    pub(crate) name: TopicName,
    /// Its id; a topic of the same name that is made later has another.
    pub(crate) id: Uuid,
    /// Settings that differ from the defaults.
    pub(crate) config: TopicConfig,
    /// The partitions, by number.
    pub(crate) partitions: Vec<Arc<Partition>>,
    /// How durable an append is before it is acknowledged.
    pub(crate) durability: Durability,
}

impl Topic {
    /// The partition with a number.
    pub(crate) fn partition(&self, id: PartitionId) -> Option<&Arc<Partition>> {
        self.partitions.get(id.get() as usize)
    }
}

#[derive(Debug, Default)]
struct Table {
    by_name: BTreeMap<TopicName, Arc<Topic>>,
    by_id: HashMap<Uuid, TopicName>,
}

/// What a new topic is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicSpec {
    /// Number of partitions; the broker's default if absent.
    pub partitions: Option<u32>,
    /// Settings by Kafka's names, where they differ from the defaults.
    pub config: BTreeMap<String, String>,
}

/// All topics.
#[derive(Debug)]
pub(crate) struct Topics {
    log_dir: PathBuf,
    storage: Arc<dyn Storage>,
    state: Arc<StateLog>,
    default_partitions: u32,
    partitions_max: usize,
    changing: Mutex<()>,
    table: RwLock<Table>,
}

/// What [`Topics`] needs to know.
#[derive(Debug)]
pub(crate) struct TopicsOptions {
    pub(crate) log_dir: PathBuf,
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) default_partitions: u32,
    pub(crate) partitions_max: usize,
}

impl Topics {
    /// Opens every stored topic's logs, several at a time.
    pub(crate) fn restore(
        options: TopicsOptions,
        state: Arc<StateLog>,
        stored: &Stored,
    ) -> Result<Self, OpenError> {
        let mut records = Vec::new();
        for (key, value) in stored {
            if let StateKey::Topic(name) = key {
                records.push((name.clone(), parse::<TopicRecord>(value)?));
            }
        }
        let TopicsOptions { log_dir, storage, default_partitions, partitions_max } = options;
        let table = RwLock::default();
        let changing = Mutex::new(());
        let topics =
            Self { log_dir, storage, state, default_partitions, partitions_max, changing, table };
        let mut opened = topics.open_all(&records)?;
        for (name, record) in records {
            let rest = opened.split_off(opened.len().min(record.partitions as usize));
            let partitions = std::mem::replace(&mut opened, rest);
            topics.put(Topic::new(name, record, partitions));
        }
        Ok(topics)
    }

    /// Opens all partitions in the order of the records.
    fn open_all(
        &self,
        records: &[(TopicName, TopicRecord)],
    ) -> Result<Vec<Arc<Partition>>, OpenError> {
        let wanted: Vec<_> = records
            .iter()
            .flat_map(|(name, r)| (0..r.partitions).map(move |p| (name, p, &r.config)))
            .collect();
        let slots: Vec<_> = wanted.iter().map(|_| Mutex::new(None)).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let (Some((name, p, config)), Some(slot)) = (wanted.get(index), slots.get(index))
                else {
                    return;
                };
                *locked(slot) = Some(self.open_log(name, *p, config));
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..OPENERS.min(wanted.len()) {
                scope.spawn(work);
            }
            work();
        });
        slots.into_iter().filter_map(|slot| locked(&slot).take()).map(|r| Ok(r?)).collect()
    }

    fn open_log(
        &self,
        topic: &TopicName,
        partition: u32,
        config: &TopicConfig,
    ) -> Result<Arc<Partition>, OpenLogError> {
        let partition = topic.partition(PartitionId::new(partition));
        let dir = self.log_dir.join(partition.to_string());
        let opened = Log::open(Arc::clone(&self.storage), &dir, config::log_options(config));
        let (log, recovery) =
            opened.map_err(|source| OpenLogError { partition: partition.clone(), source })?;
        if recovery.truncated_bytes > 0 {
            let bytes = recovery.truncated_bytes;
            tracing::warn!(%partition, bytes, "cut off a torn tail");
        }
        Ok(Arc::new(Partition::new(partition, log)))
    }

    fn put(&self, topic: Topic) -> Arc<Topic> {
        let topic = Arc::new(topic);
        let mut table = writing(&self.table);
        table.by_id.insert(topic.id, topic.name.clone());
        table.by_name.insert(topic.name.clone(), Arc::clone(&topic));
        topic
    }

    /// The topic with a name.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<Topic>> {
        let name = TopicName::new(name).ok()?;
        reading(&self.table).by_name.get(&name).cloned()
    }

    /// The topic with an id.
    pub(crate) fn by_id(&self, id: Uuid) -> Option<Arc<Topic>> {
        let table = reading(&self.table);
        table.by_name.get(table.by_id.get(&id)?).cloned()
    }

    /// A partition.
    pub(crate) fn partition(&self, name: &TopicPartition) -> Option<Arc<Partition>> {
        let table = reading(&self.table);
        table.by_name.get(&name.topic)?.partition(name.partition).cloned()
    }

    /// All topics, by name.
    pub(crate) fn all(&self) -> Vec<Arc<Topic>> {
        reading(&self.table).by_name.values().cloned().collect()
    }

    /// Checks what [`Topics::create`] would be asked to do, and says how many partitions it would make.
    pub(crate) fn check(&self, name: &TopicName, spec: &TopicSpec) -> Result<u32, TopicError> {
        if self.get(name.as_str()).is_some() {
            return Err(TopicError::Exists { topic: name.clone() });
        }
        config::check(&spec.config)?;
        let partitions = spec.partitions.unwrap_or(self.default_partitions);
        self.check_room(0, i64::from(partitions))?;
        Ok(partitions)
    }

    fn check_room(&self, now: usize, asked: i64) -> Result<(), TopicError> {
        let all: usize = reading(&self.table).by_name.values().map(|t| t.partitions.len()).sum();
        let limit = self.partitions_max.saturating_sub(all).saturating_add(now);
        if asked <= now as i64 || asked > limit as i64 {
            return Err(TopicError::Partitions { asked, now, limit });
        }
        Ok(())
    }

    /// Creates a topic.
    pub(crate) fn create(
        &self,
        name: &TopicName,
        spec: TopicSpec,
    ) -> Result<Arc<Topic>, TopicError> {
        let _one_at_a_time = locked(&self.changing);
        let partitions = self.check(name, &spec)?;
        let record = TopicRecord { id: Uuid::new_v4(), partitions, config: spec.config };
        for partition in 0..partitions {
            // What a topic of this name left behind at a crash is not the new topic's.
            self.remove_dir(&self.log_dir.join(format!("{name}-{partition}")))?;
        }
        self.store(name, &record)?;
        let opened = self.open_range(name, 0..partitions, &record.config)?;
        tracing::info!(topic = %name, partitions, "created");
        Ok(self.put(Topic::new(name.clone(), record, opened)))
    }

    fn open_range(
        &self,
        name: &TopicName,
        range: std::ops::Range<u32>,
        config: &TopicConfig,
    ) -> Result<Vec<Arc<Partition>>, TopicError> {
        range.map(|p| Ok(self.open_log(name, p, config)?)).collect()
    }

    fn store(&self, name: &TopicName, record: &TopicRecord) -> Result<(), StateError> {
        let change = Change::set(StateKey::Topic(name.clone()), record)?;
        self.state.put(vec![change], Durability::Fsync)
    }

    /// Gives a topic more partitions.
    pub(crate) fn grow(&self, name: &str, count: i64, only_check: bool) -> Result<(), TopicError> {
        let _one_at_a_time = locked(&self.changing);
        let topic = self.known(name)?;
        let now = topic.partitions.len();
        self.check_room(now, count)?;
        if only_check {
            return Ok(());
        }
        let record = TopicRecord { partitions: count as u32, ..topic.record() };
        self.store(&topic.name, &record)?;
        let new = self.open_range(&topic.name, now as u32..record.partitions, &record.config)?;
        let partitions = topic.partitions.iter().cloned().chain(new).collect();
        self.put(Topic::new(topic.name.clone(), record, partitions));
        Ok(())
    }

    /// Gives a topic other settings.
    pub(crate) fn configure(
        &self,
        name: &str,
        change: impl FnOnce(&mut TopicConfig) -> Result<(), TopicError>,
        only_check: bool,
    ) -> Result<(), TopicError> {
        let _one_at_a_time = locked(&self.changing);
        let topic = self.known(name)?;
        let mut record = topic.record();
        change(&mut record.config)?;
        config::check(&record.config)?;
        if only_check {
            return Ok(());
        }
        self.store(&topic.name, &record)?;
        for partition in &topic.partitions {
            partition.log.set_options(config::log_options(&record.config));
        }
        self.put(Topic::new(topic.name.clone(), record, topic.partitions.clone()));
        Ok(())
    }

    /// Deletes a topic with its records.
    pub(crate) fn delete(&self, name: &str) -> Result<Arc<Topic>, TopicError> {
        let _one_at_a_time = locked(&self.changing);
        let topic = self.known(name)?;
        let change = Change::remove(StateKey::Topic(topic.name.clone()));
        self.state.put(vec![change], Durability::Fsync)?;
        {
            let mut table = writing(&self.table);
            table.by_name.remove(&topic.name);
            table.by_id.remove(&topic.id);
        }
        for partition in &topic.partitions {
            if let Err(error) = partition.log.close() {
                tracing::warn!(partition = %partition.name, %error, "deleted while not writable");
            }
            // Who waits for more records learns that there will be none.
            partition.watchers.wake();
            self.remove_dir(&self.log_dir.join(partition.name.to_string()))?;
        }
        tracing::info!(topic = %topic.name, "deleted");
        Ok(topic)
    }

    fn known(&self, name: &str) -> Result<Arc<Topic>, TopicError> {
        self.get(name).ok_or_else(|| TopicError::Unknown { topic: name.to_owned() })
    }

    fn remove_dir(&self, dir: &Path) -> Result<(), TopicError> {
        if !self.storage.exists(dir) {
            return Ok(());
        }
        let removed = self.storage.remove_dir_all(dir);
        removed.map_err(|source| TopicError::Remove { path: dir.to_owned(), source })
    }
}

impl Topic {
    fn new(name: TopicName, record: TopicRecord, partitions: Vec<Arc<Partition>>) -> Self {
        let durability = config::durability(&record.config);
        Self { name, id: record.id, config: record.config, partitions, durability }
    }

    fn record(&self) -> TopicRecord {
        let partitions = self.partitions.len() as u32;
        TopicRecord { id: self.id, partitions, config: self.config.clone() }
    }
}

/// A log that cannot be opened; start and creation name it each in their own error.
#[derive(Debug)]
struct OpenLogError {
    partition: TopicPartition,
    source: pancake_log::RecoverError,
}

impl From<OpenLogError> for OpenError {
    fn from(e: OpenLogError) -> Self {
        Self::Partition { partition: e.partition, source: e.source }
    }
}

impl From<OpenLogError> for TopicError {
    fn from(e: OpenLogError) -> Self {
        Self::Open { partition: e.partition, source: e.source }
    }
}

/// A topic's id as text, in the stored record.
mod id_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use uuid::Uuid;

    pub(super) fn serialize<S: Serializer>(id: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Uuid, D::Error> {
        String::deserialize(d)?.parse().map_err(D::Error::custom)
    }
}

//! The broker's own small log: topics, committed offsets, producer ids.
//!
//! * It is a compacted log under `state/`; a record's key says what it is about, its value is the newest truth, and a
//!   tombstone takes it away. Reading it from the start gives the whole state.
//! * Whoever changes the state appends here first and changes memory after.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use bytes::Bytes;
use pancake_log::{
    Cleanup, Log, LogOptions, Retention,
    batch::{self, BatchBuilder, NewRecord},
};
use pancake_types::{Clock, Offset, PartitionId, Storage, TopicName};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{broker::Durability, error::StateError};

/// Bytes read at once when the state is restored.
const READ_BYTES: usize = 1 << 20;
/// Small segments, so that compaction, which leaves the last one alone, has something to do.
const SEGMENT_BYTES_MAX: u64 = 4 << 20;
/// Records of one batch.
const BATCH_RECORDS_MAX: u32 = 1000;

/// What a record of the state is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StateKey {
    /// The cluster's id.
    Cluster,
    /// The first producer id that is not yet reserved.
    Producers,
    /// A topic.
    Topic(TopicName),
    /// A group's committed offset.
    Offset(String, TopicName, PartitionId),
}

/// The whole state as it was stored, by key; values are JSON.
pub(crate) type Stored = BTreeMap<StateKey, Bytes>;

/// One change: a new value, or none to take the key away.
#[derive(Debug)]
pub(crate) struct Change {
    key: StateKey,
    value: Option<Bytes>,
}

impl Change {
    /// Sets a key's value.
    pub(crate) fn set(key: StateKey, value: &impl Serialize) -> Result<Self, StateError> {
        Ok(Self { key, value: Some(serde_json::to_vec(value)?.into()) })
    }

    /// Takes a key away.
    pub(crate) fn remove(key: StateKey) -> Self {
        Self { key, value: None }
    }
}

/// Parses a stored value.
pub(crate) fn parse<T: DeserializeOwned>(value: &Bytes) -> Result<T, StateError> {
    Ok(serde_json::from_slice(value)?)
}

/// The log that holds the state.
#[derive(Debug)]
pub(crate) struct StateLog {
    log: Log,
    clock: Arc<dyn Clock>,
}

impl StateLog {
    /// Opens the state and reads all of it.
    pub(crate) fn open(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        dir: &Path,
    ) -> Result<(Self, Stored), StateError> {
        let options = LogOptions {
            segment_bytes_max: SEGMENT_BYTES_MAX,
            cleanup: Cleanup::Compact,
            retention: Retention { ms: None, bytes: None },
            ..LogOptions::default()
        };
        let (log, _) = Log::open(storage, dir, options)?;
        let stored = read_all(&log)?;
        Ok((Self { log, clock }, stored))
    }

    /// Appends changes, in their order.
    pub(crate) fn put(
        &self,
        changes: Vec<Change>,
        durability: Durability,
    ) -> Result<(), StateError> {
        let timestamp = self.clock.now();
        let mut builder = BatchBuilder::new();
        for Change { key, value } in changes {
            let key = Some(serde_json::to_vec(&key)?.into());
            builder.push(&NewRecord { timestamp, key, value, headers: Vec::new() });
            if builder.count() >= BATCH_RECORDS_MAX {
                self.log.append(std::mem::take(&mut builder).build(), timestamp)?;
            }
        }
        if !builder.is_empty() {
            self.log.append(builder.build(), timestamp)?;
        }
        match durability {
            Durability::Cache => Ok(()),
            Durability::Fsync => Ok(self.log.sync()?),
        }
    }

    /// The log itself, for housekeeping.
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }
}

fn read_all(log: &Log) -> Result<Stored, StateError> {
    let mut stored = Stored::new();
    let mut next: Offset = log.start_offset();
    while next < log.end_offset() {
        let fetched = log.read(next, READ_BYTES)?;
        for one in batch::split(&fetched.batches) {
            for record in batch::decode(&one?.1)? {
                let record = record?;
                let key = serde_json::from_slice(&record.key.unwrap_or_default())?;
                match record.value {
                    Some(value) => stored.insert(key, value),
                    None => stored.remove(&key),
                };
            }
        }
        if fetched.next <= next {
            break;
        }
        next = fetched.next;
    }
    Ok(stored)
}

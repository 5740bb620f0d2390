//! What groups have committed: the next record to read, per partition.
//!
//! * An offset is in the state log before it is acknowledged, in the order in which memory changes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use pancake_types::{Offset, TopicName, TopicPartition};
use serde::{Deserialize, Serialize};

use crate::{
    broker::Durability,
    error::{GroupError, StateError},
    lock::locked,
    state::{Change, StateKey, StateLog, Stored, parse},
};

/// A committed offset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Committed {
    /// The next record to read.
    pub(crate) offset: Offset,
    /// The epoch that the client saw; it only comes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) leader_epoch: Option<i32>,
    /// Text that the client stored with it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) metadata: String,
}

type OfGroup = BTreeMap<TopicPartition, Committed>;

/// Committed offsets of all groups.
#[derive(Debug)]
pub(crate) struct Offsets {
    state: Arc<StateLog>,
    group_offsets_max: usize,
    by_group: Mutex<BTreeMap<String, OfGroup>>,
}

impl Offsets {
    /// Reads the stored offsets.
    pub(crate) fn restore(
        state: Arc<StateLog>,
        stored: &Stored,
        group_offsets_max: usize,
    ) -> Result<Self, StateError> {
        let mut by_group: BTreeMap<String, OfGroup> = BTreeMap::new();
        for (key, value) in stored {
            if let StateKey::Offset(group, topic, partition) = key {
                let offsets = by_group.entry(group.clone()).or_default();
                offsets.insert(topic.partition(*partition), parse(value)?);
            }
        }
        Ok(Self { state, group_offsets_max, by_group: Mutex::new(by_group) })
    }

    /// Stores offsets of a group.
    pub(crate) fn commit(
        &self,
        group: &str,
        offsets: Vec<(TopicPartition, Committed)>,
    ) -> Result<(), GroupError> {
        if offsets.is_empty() {
            return Ok(());
        }
        let mut by_group = locked(&self.by_group);
        let limit = self.group_offsets_max;
        if by_group.get(group).map_or(0, OfGroup::len) + offsets.len() > limit {
            return Err(GroupError::TooManyOffsets { group: group.to_owned(), limit });
        }
        let changes = offsets.iter().map(|(at, c)| Change::set(key(group, at), c));
        self.state.put(changes.collect::<Result<_, _>>()?, Durability::Cache)?;
        by_group.entry(group.to_owned()).or_default().extend(offsets);
        Ok(())
    }

    /// What a group has committed for a partition.
    pub(crate) fn get(&self, group: &str, at: &TopicPartition) -> Option<Committed> {
        locked(&self.by_group).get(group)?.get(at).cloned()
    }

    /// All that a group has committed.
    pub(crate) fn of_group(&self, group: &str) -> Vec<(TopicPartition, Committed)> {
        let by_group = locked(&self.by_group);
        let offsets = by_group.get(group).into_iter().flatten();
        offsets.map(|(at, c)| (at.clone(), c.clone())).collect()
    }

    /// Groups with committed offsets.
    pub(crate) fn groups(&self) -> Vec<String> {
        locked(&self.by_group).keys().cloned().collect()
    }

    /// Whether a group has committed anything.
    pub(crate) fn has(&self, group: &str) -> bool {
        locked(&self.by_group).contains_key(group)
    }

    /// Takes offsets of a group away: those that `which` picks.
    pub(crate) fn remove(
        &self,
        group: &str,
        which: impl Fn(&TopicPartition) -> bool,
    ) -> Result<(), StateError> {
        let mut by_group = locked(&self.by_group);
        self.remove_from(&mut by_group, group, which)
    }

    fn remove_from(
        &self,
        by_group: &mut BTreeMap<String, OfGroup>,
        group: &str,
        which: impl Fn(&TopicPartition) -> bool,
    ) -> Result<(), StateError> {
        let Some(offsets) = by_group.get_mut(group) else { return Ok(()) };
        let changes: Vec<_> = offsets
            .keys()
            .filter(|at| which(at))
            .map(|at| Change::remove(key(group, at)))
            .collect();
        if changes.is_empty() {
            return Ok(());
        }
        self.state.put(changes, Durability::Cache)?;
        offsets.retain(|at, _| !which(at));
        if offsets.is_empty() {
            by_group.remove(group);
        }
        Ok(())
    }

    /// Takes a deleted topic's offsets away from every group.
    pub(crate) fn forget_topic(&self, topic: &TopicName) -> Result<(), StateError> {
        let mut by_group = locked(&self.by_group);
        let groups: Vec<_> = by_group.keys().cloned().collect();
        for group in groups {
            self.remove_from(&mut by_group, &group, |at| at.topic == *topic)?;
        }
        Ok(())
    }
}

fn key(group: &str, at: &TopicPartition) -> StateKey {
    StateKey::Offset(group.to_owned(), at.topic.clone(), at.partition)
}

//! Which versions of which models exist, and which version each alias names.
//!
//! * The registry is a fold over the records of `_pancake.models`: [`Registry::apply`] is pure and the only way to change.
//! * Commands ([`Registry::register`], [`Registry::deploy`] …) check and give an event; it counts once it is appended and
//!   applied. Version numbers are never given twice as long as the topic holds a model's newest version.
//! * An alias remembers which versions it named before, so that a rollback works after compaction too.

use std::collections::BTreeMap;

use pancake_types::{Offset, PartitionId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ModelName, Version};

mod event;

pub use event::{RegistryEvent, RegistryRecordError};

/// The alias whose version is served.
pub const CHAMPION: &str = "champion";
/// How many earlier versions an alias remembers.
const HISTORY_MAX: usize = 16;

/// A version and where it came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionRecord {
    /// Its model.
    pub model: ModelName,
    /// Its number.
    pub version: Version,
    /// When it was trained.
    pub created_at: Timestamp,
    /// Algorithm, such as `als`.
    pub algorithm: String,
    /// sha256 of the artefact, which is a blob.
    pub sha256: String,
    /// Settings of the training.
    #[serde(default)]
    pub params: BTreeMap<String, Value>,
    /// Measured on held-out rows, such as `ndcg_at_10`.
    #[serde(default)]
    pub metrics: BTreeMap<String, f64>,
    /// Rows it was trained on.
    #[serde(default)]
    pub rows: u64,
    /// Where each topic's partitions ended when its rows were read: online updates begin there.
    #[serde(default)]
    pub trained_to: BTreeMap<String, BTreeMap<PartitionId, Offset>>,
}

/// What an alias names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasRecord {
    /// The version.
    pub version: Version,
    /// Versions that it named before, the last one last.
    #[serde(default)]
    pub history: Vec<Version>,
    /// Topic whose events update the version while it is served.
    #[serde(default)]
    pub online: Option<String>,
}

/// A model's versions and aliases.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelEntry {
    /// Versions by number.
    pub versions: BTreeMap<Version, VersionRecord>,
    /// Aliases by name.
    pub aliases: BTreeMap<String, AliasRecord>,
}

impl ModelEntry {
    /// The newest version.
    pub fn newest(&self) -> Option<&VersionRecord> {
        self.versions.values().next_back()
    }

    /// The version that an alias names, if both exist.
    pub fn aliased(&self, alias: &str) -> Option<&VersionRecord> {
        self.versions.get(&self.aliases.get(alias)?.version)
    }
}

/// All models.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Registry {
    models: BTreeMap<ModelName, ModelEntry>,
}

/// Why a command cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// There is no such model.
    #[error("there is no model `{model}`")]
    UnknownModel {
        /// The name.
        model: ModelName,
    },
    /// The model has no such version.
    #[error("model `{model}` has no version {version}; its newest is {newest}")]
    UnknownVersion {
        /// The model.
        model: ModelName,
        /// The version asked for.
        version: Version,
        /// The newest there is.
        newest: Version,
    },
    /// Nothing was served before, so there is nothing to go back to.
    #[error("model `{model}` has served no other version before; there is nothing to roll back to")]
    NoEarlierVersion {
        /// The model.
        model: ModelName,
    },
}

impl Registry {
    /// Takes in what has happened. What it refers to need not exist: compaction may have taken it.
    pub fn apply(&mut self, event: RegistryEvent) {
        match event {
            RegistryEvent::Registered(record) => {
                let versions = &mut self.models.entry(record.model.clone()).or_default().versions;
                versions.insert(record.version, *record);
            }
            RegistryEvent::VersionRemoved { model, version } => self.change(&model, |entry| {
                entry.versions.remove(&version);
            }),
            RegistryEvent::AliasSet { model, alias, record } => {
                self.models.entry(model).or_default().aliases.insert(alias, record);
            }
            RegistryEvent::AliasRemoved { model, alias } => self.change(&model, |entry| {
                entry.aliases.remove(&alias);
            }),
        }
    }

    /// Changes a model and forgets it if nothing is left of it.
    fn change(&mut self, model: &ModelName, change: impl FnOnce(&mut ModelEntry)) {
        if let Some(entry) = self.models.get_mut(model) {
            change(entry);
            if entry.versions.is_empty() && entry.aliases.is_empty() {
                self.models.remove(model);
            }
        }
    }

    /// All models by name.
    pub fn models(&self) -> impl Iterator<Item = (&ModelName, &ModelEntry)> {
        self.models.iter()
    }

    /// A model.
    pub fn model(&self, model: &ModelName) -> Result<&ModelEntry, RegistryError> {
        let unknown = || RegistryError::UnknownModel { model: model.clone() };
        self.models.get(model).ok_or_else(unknown)
    }

    /// Adds a version under the next number, whatever number the record has.
    pub fn register(&self, record: VersionRecord) -> RegistryEvent {
        let newest = self.models.get(&record.model).and_then(ModelEntry::newest);
        let version = newest.map_or(Version::FIRST, |newest| newest.version.next());
        RegistryEvent::Registered(Box::new(VersionRecord { version, ..record }))
    }

    /// Makes a version (the newest, if none is given) the one that is served, updated by `online` events.
    pub fn deploy(
        &self,
        model: &ModelName,
        version: Option<Version>,
        online: Option<String>,
    ) -> Result<RegistryEvent, RegistryError> {
        let entry = self.model(model)?;
        let newest = entry.newest().map(|newest| newest.version);
        let newest = newest.ok_or_else(|| RegistryError::UnknownModel { model: model.clone() })?;
        let version = version.unwrap_or(newest);
        if !entry.versions.contains_key(&version) {
            return Err(RegistryError::UnknownVersion { model: model.clone(), version, newest });
        }
        let before = entry.aliases.get(CHAMPION);
        let mut history = before.map(|alias| alias.history.clone()).unwrap_or_default();
        history.extend(before.map(|alias| alias.version).filter(|last| *last != version));
        history.drain(..history.len().saturating_sub(HISTORY_MAX));
        Ok(champion(model, AliasRecord { version, history, online }))
    }

    /// Goes back to the version that was served before and still exists.
    pub fn rollback(&self, model: &ModelName) -> Result<RegistryEvent, RegistryError> {
        let entry = self.model(model)?;
        let none = || RegistryError::NoEarlierVersion { model: model.clone() };
        let mut record = entry.aliases.get(CHAMPION).ok_or_else(none)?.clone();
        record.version = loop {
            let before = record.history.pop().ok_or_else(none)?;
            if entry.versions.contains_key(&before) {
                break before;
            }
        };
        Ok(champion(model, record))
    }

    /// Forgets a model: aliases first, so that none ever names a version that is gone.
    pub fn remove(&self, model: &ModelName) -> Result<Vec<RegistryEvent>, RegistryError> {
        let entry = self.model(model)?;
        let aliases = entry.aliases.keys().map(|alias| RegistryEvent::AliasRemoved {
            model: model.clone(),
            alias: alias.clone(),
        });
        let versions = entry.versions.keys().map(|version| RegistryEvent::VersionRemoved {
            model: model.clone(),
            version: *version,
        });
        Ok(aliases.chain(versions).collect())
    }
}

fn champion(model: &ModelName, record: AliasRecord) -> RegistryEvent {
    RegistryEvent::AliasSet { model: model.clone(), alias: CHAMPION.to_owned(), record }
}

#[cfg(test)]
mod tests;

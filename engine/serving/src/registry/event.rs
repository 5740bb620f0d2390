//! Registry events as records of the topic `_pancake.models`.
//!
//! * Keys are `name/version` and `name@alias`; values are JSON; a removal is a tombstone.

use crate::{AliasRecord, ModelName, Version, VersionRecord};

/// What happened to a model.
#[derive(Clone, Debug, PartialEq)]
pub enum RegistryEvent {
    /// A version was added.
    Registered(Box<VersionRecord>),
    /// A version is gone.
    VersionRemoved {
        /// The model.
        model: ModelName,
        /// The version.
        version: Version,
    },
    /// An alias names a version.
    AliasSet {
        /// The model.
        model: ModelName,
        /// The alias.
        alias: String,
        /// What it names now.
        record: AliasRecord,
    },
    /// An alias is gone.
    AliasRemoved {
        /// The model.
        model: ModelName,
        /// The alias.
        alias: String,
    },
}

/// Why a record is no registry event.
#[derive(Debug, thiserror::Error)]
pub enum RegistryRecordError {
    /// The key has another form.
    #[error("`{key}` is neither `name/version` nor `name@alias`")]
    Key {
        /// The key.
        key: String,
    },
    /// The value cannot be read.
    #[error("the value of `{key}` cannot be read")]
    Value {
        /// The key.
        key: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The value speaks of another version than the key.
    #[error("the value of `{key}` is of another version")]
    Mismatch {
        /// The key.
        key: String,
    },
}

impl RegistryEvent {
    /// The record's key.
    pub fn key(&self) -> String {
        match self {
            Self::Registered(record) => format!("{}/{}", record.model, record.version),
            Self::VersionRemoved { model, version } => format!("{model}/{version}"),
            Self::AliasSet { model, alias, .. } | Self::AliasRemoved { model, alias } => {
                format!("{model}@{alias}")
            }
        }
    }

    /// The record's value; none is a tombstone.
    pub fn value(&self) -> Option<Vec<u8>> {
        // Maps with text keys, text and finite numbers: this cannot fail, and metrics that are not finite become null.
        match self {
            Self::Registered(record) => serde_json::to_vec(record).ok(),
            Self::AliasSet { record, .. } => serde_json::to_vec(record).ok(),
            Self::VersionRemoved { .. } | Self::AliasRemoved { .. } => None,
        }
    }

    /// Reads a record.
    pub fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Self, RegistryRecordError> {
        let key = String::from_utf8_lossy(key);
        let unreadable =
            |source| RegistryRecordError::Value { key: key.clone().into_owned(), source };
        match parse_key(&key) {
            Some(Key::Version(model, version)) => match value {
                None => Ok(Self::VersionRemoved { model, version }),
                Some(value) => {
                    let record: VersionRecord =
                        serde_json::from_slice(value).map_err(unreadable)?;
                    if record.model != model || record.version != version {
                        return Err(RegistryRecordError::Mismatch { key: key.into_owned() });
                    }
                    Ok(Self::Registered(Box::new(record)))
                }
            },
            Some(Key::Alias(model, alias)) => match value {
                None => Ok(Self::AliasRemoved { model, alias }),
                Some(value) => {
                    let record = serde_json::from_slice(value).map_err(unreadable)?;
                    Ok(Self::AliasSet { model, alias, record })
                }
            },
            None => Err(RegistryRecordError::Key { key: key.into_owned() }),
        }
    }
}

enum Key {
    Version(ModelName, Version),
    Alias(ModelName, String),
}

fn parse_key(key: &str) -> Option<Key> {
    if let Some((model, version)) = key.split_once('/') {
        return Some(Key::Version(ModelName::new(model).ok()?, version.parse().ok()?));
    }
    let (model, alias) = key.split_once('@')?;
    Some(Key::Alias(ModelName::new(model).ok()?, alias.to_owned()))
}

//! Online updates as records of the topic `_pancake.params.<model>`.
//!
//! * Keys name the version that an update belongs to, because factors of two trainings have nothing in common:
//!   `3/user/<id>`, `3/item/<id>`, `3/seen/<user>/<item>`; in an id `%` is written `%25` and `/` is written `%2F`.
//! * A row's value is its vector, little-endian `f32`s and nothing else (`numpy.frombuffer(value, "<f4")`).
//! * A `seen` record opens an event: its value says which source record the event was; the user's and the item's row
//!   follow. Its key belongs to that one event, so compaction never takes it away.

use pancake_types::{NameError, Offset, PartitionId, TopicName};
use serde::{Deserialize, Serialize};

use crate::{ModelName, Version};

/// The topic that a model's online updates travel through.
pub fn params_topic(model: &ModelName) -> Result<TopicName, NameError> {
    TopicName::new(&format!("_pancake.params.{model}"))
}

/// One record of the topic.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamRecord {
    /// The version whose parameters change.
    pub version: Version,
    /// What changes.
    pub change: Change,
}

/// What a record changes.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A user's row.
    User {
        /// The user.
        id: String,
        /// The new factors.
        vector: Vec<f32>,
    },
    /// An item's row.
    Item {
        /// The item.
        id: String,
        /// The new factors.
        vector: Vec<f32>,
    },
    /// A user has seen an item: the event whose rows are the next two records.
    Seen {
        /// The user.
        user: String,
        /// The item.
        item: String,
        /// Partition of the event in its source topic.
        partition: PartitionId,
        /// Offset of the event there.
        offset: Offset,
    },
}

/// Why a record is none of this topic.
#[derive(Debug, thiserror::Error)]
pub enum ParamRecordError {
    /// The key has another form.
    #[error("`{key}` is not the key of a parameter record")]
    Key {
        /// The key.
        key: String,
    },
    /// The vector's bytes are no whole numbers of four.
    #[error("the vector of `{key}` has {bytes} bytes, which is no multiple of 4")]
    Vector {
        /// The key.
        key: String,
        /// Length of the value.
        bytes: usize,
    },
    /// The position cannot be read.
    #[error("the position of `{key}` cannot be read")]
    Position {
        /// The key.
        key: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// The value of a `seen` record.
#[derive(Serialize, Deserialize)]
struct Position {
    partition: PartitionId,
    offset: Offset,
}

impl ParamRecord {
    /// The record's key.
    pub fn key(&self) -> String {
        let version = self.version;
        match &self.change {
            Change::User { id, .. } => format!("{version}/user/{}", escape(id)),
            Change::Item { id, .. } => format!("{version}/item/{}", escape(id)),
            Change::Seen { user, item, .. } => {
                format!("{version}/seen/{}/{}", escape(user), escape(item))
            }
        }
    }

    /// The record's value.
    pub fn value(&self) -> Vec<u8> {
        match &self.change {
            Change::User { vector, .. } | Change::Item { vector, .. } => {
                vector.iter().flat_map(|v| v.to_le_bytes()).collect()
            }
            Change::Seen { partition, offset, .. } => {
                format!(r#"{{"partition":{partition},"offset":{offset}}}"#).into_bytes()
            }
        }
    }

    /// Reads a record; `None` for a tombstone, which a version that is gone leaves behind.
    pub fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Option<Self>, ParamRecordError> {
        let key = String::from_utf8_lossy(key);
        let wrong = || ParamRecordError::Key { key: key.clone().into_owned() };
        let parts: Vec<&str> = key.split('/').collect();
        let (version, rest) = parts.split_first().ok_or_else(wrong)?;
        let version = version.parse().map_err(|_| wrong())?;
        let Some(value) = value else { return Ok(None) };
        let change = match rest {
            ["user", id] => Change::User { id: unescape(id), vector: vector(&key, value)? },
            ["item", id] => Change::Item { id: unescape(id), vector: vector(&key, value)? },
            ["seen", user, item] => {
                let Position { partition, offset } =
                    serde_json::from_slice(value).map_err(|source| ParamRecordError::Position {
                        key: key.clone().into_owned(),
                        source,
                    })?;
                Change::Seen { user: unescape(user), item: unescape(item), partition, offset }
            }
            _ => return Err(wrong()),
        };
        Ok(Some(Self { version, change }))
    }
}

fn vector(key: &str, value: &[u8]) -> Result<Vec<f32>, ParamRecordError> {
    let (numbers, rest) = value.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(ParamRecordError::Vector { key: key.to_owned(), bytes: value.len() });
    }
    Ok(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

fn escape(id: &str) -> String {
    id.replace('%', "%25").replace('/', "%2F")
}

fn unescape(id: &str) -> String {
    id.replace("%2F", "/").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_and_values_are_as_documented() {
        let row = ParamRecord {
            version: Version::new(3),
            change: Change::User { id: "a/b%2F".to_owned(), vector: vec![1.0, -0.5] },
        };
        assert_eq!(row.key(), "3/user/a%2Fb%252F");
        assert_eq!(row.value(), [0, 0, 128, 63, 0, 0, 0, 191]);
        let change = Change::Seen {
            user: "u".to_owned(),
            item: "i".to_owned(),
            partition: PartitionId::new(2),
            offset: Offset::new(9),
        };
        let seen = ParamRecord { version: Version::FIRST, change };
        assert_eq!(seen.key(), "1/seen/u/i");
        assert_eq!(seen.value(), br#"{"partition":2,"offset":9}"#);
    }

    #[test]
    fn what_is_no_such_record_is_an_error_that_names_the_key() {
        let check = |key: &str, value: &[u8], message: &str| {
            let error = ParamRecord::decode(key.as_bytes(), Some(value)).unwrap_err();
            assert_eq!(error.to_string(), message);
        };
        check("user/1", b"", "`user/1` is not the key of a parameter record");
        check("1/cat/x", b"", "`1/cat/x` is not the key of a parameter record");
        check(
            "1/user/x",
            b"abc",
            "the vector of `1/user/x` has 3 bytes, which is no multiple of 4",
        );
        check("1/seen/x/y", b"abc", "the position of `1/seen/x/y` cannot be read");
        assert!(ParamRecord::decode(b"1/user/x", None).unwrap().is_none());
    }

    proptest! {
        #[test]
        fn records_come_back_as_they_went(
            version: u32,
            (a, b) in ("[a/%F2 5]{0,9}", ".{0,9}"),
            vector in proptest::collection::vec(-1e30..1e30_f32, 0..9),
            (partition, offset) in (0..9_u32, 0..1_u64 << 60),
        ) {
            let changes = [
                Change::User { id: a.clone(), vector: vector.clone() },
                Change::Item { id: b.clone(), vector },
                Change::Seen {
                    user: a,
                    item: b,
                    partition: PartitionId::new(partition),
                    offset: Offset::new(offset),
                },
            ];
            for change in changes {
                let record = ParamRecord { version: Version::new(version), change };
                let read = ParamRecord::decode(record.key().as_bytes(), Some(&record.value()));
                prop_assert_eq!(read.unwrap(), Some(record));
            }
        }
    }
}

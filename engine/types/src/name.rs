//! Names of topics, checked when they are made.
//!
//! * A [`TopicName`] holds Kafka's rule: 1 to 249 of `[a-zA-Z0-9._-]`, and neither `.` nor `..`.
//! * So a topic's name is always a safe directory name.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::PartitionId;

/// Longest topic name, in bytes (Kafka's `Topic.MAX_NAME_LENGTH`).
pub(crate) const TOPIC_NAME_BYTES_MAX: usize = 249;
/// How the names of the process's own topics begin; clients may read these and never write them.
pub(crate) const INTERNAL_PREFIX: &str = "_pancake.";

/// Name of a topic. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TopicName(Arc<str>);

/// Why a text is not a topic's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The text has no characters.
    #[error("a topic needs a name")]
    Empty,
    /// The text is longer than Kafka allows.
    #[error("topic name has {bytes} bytes; {TOPIC_NAME_BYTES_MAX} are allowed")]
    TooLong {
        /// Length of the text in bytes.
        bytes: usize,
    },
    /// A character that Kafka does not allow.
    #[error(
        "topic name `{name}` has the character {found:?}; letters, digits, `.`, `_` and `-` are allowed"
    )]
    Character {
        /// The text.
        name: String,
        /// The first character that is not allowed.
        found: char,
    },
    /// `.` and `..` are directories.
    #[error("a topic cannot be named `{name}`")]
    Reserved {
        /// The text.
        name: String,
    },
}

impl TopicName {
    /// Checks a text and makes it a topic's name.
    pub fn new(name: &str) -> Result<Self, NameError> {
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        if name.len() > TOPIC_NAME_BYTES_MAX {
            return Err(NameError::TooLong { bytes: name.len() });
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if let Some(found) = name.chars().find(|c| !allowed(*c)) {
            return Err(NameError::Character { name: name.to_owned(), found });
        }
        if matches!(name, "." | "..") {
            return Err(NameError::Reserved { name: name.to_owned() });
        }
        Ok(Self(name.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the topic is one of the process's own, which clients may only read.
    pub fn is_internal(&self) -> bool {
        self.0.starts_with(INTERNAL_PREFIX)
    }

    /// This topic's partition with a number.
    pub fn partition(&self, partition: PartitionId) -> TopicPartition {
        TopicPartition { topic: self.clone(), partition }
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for TopicName {
    type Err = NameError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::new(s)
    }
}

impl TryFrom<String> for TopicName {
    type Error = NameError;

    fn try_from(s: String) -> Result<Self, Self::Error> {
        Self::new(&s)
    }
}

impl From<TopicName> for String {
    fn from(name: TopicName) -> Self {
        name.0.as_ref().to_owned()
    }
}

impl AsRef<str> for TopicName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// One partition of one topic; prints as Kafka's directories are named, `orders-0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicName,
    /// The partition's number in it.
    pub partition: PartitionId,
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_name(name: &str, ok: bool) {
        assert_eq!(TopicName::new(name).is_ok(), ok, "{name:?}");
    }

    #[test]
    fn names_follow_kafkas_rule() {
        check_name("orders", true);
        check_name("_pancake.params.likes", true);
        check_name("", false);
        check_name(".", false);
        check_name("..", false);
        check_name("a/b", false);
        check_name("ä", false);
        check_name(&"a".repeat(249), true);
        check_name(&"a".repeat(250), false);
    }
}

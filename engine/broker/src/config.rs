//! Settings of topics, by Kafka's names: every one with its default, and what those that matter here mean for a log.
//!
//! * A topic stores only what differs from the defaults.
//! * Settings of a cluster (replicas, remote storage) are taken and shown and change nothing.

use std::collections::BTreeMap;

use pancake_log::{Cleanup, LogOptions, Retention, TimestampType};

use crate::{broker::Durability, error::TopicError};

/// Settings of a topic that differ from the defaults.
pub(crate) type TopicConfig = BTreeMap<String, String>;

/// What values a setting takes; the numbers are those of Kafka's `ConfigDef.Type` on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean = 1,
    Text = 2,
    Int = 3,
    Long = 5,
    Double = 6,
    List = 7,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its default.
    pub(crate) default: &'static str,
    /// What values it takes.
    pub(crate) kind: Kind,
    /// Smallest number, or the words that are allowed.
    allowed: Allowed,
    /// What it means.
    pub(crate) doc: &'static str,
}

#[derive(Clone, Copy, Debug)]
enum Allowed {
    AtLeast(i64),
    Words(&'static [&'static str], &'static str),
    Any,
}

const fn number(name: &'static str, default: &'static str, min: i64, doc: &'static str) -> Setting {
    Setting { name, default, kind: Kind::Long, allowed: Allowed::AtLeast(min), doc }
}

const fn int(name: &'static str, default: &'static str, min: i64, doc: &'static str) -> Setting {
    Setting { name, default, kind: Kind::Int, allowed: Allowed::AtLeast(min), doc }
}

const fn flag(name: &'static str, default: &'static str, doc: &'static str) -> Setting {
    let allowed = Allowed::Words(&["true", "false"], "`true` or `false`");
    Setting { name, default, kind: Kind::Boolean, allowed, doc }
}

const FOREVER: &str = "9223372036854775807";
const CODECS: &[&str] = &["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"];

/// Every setting of a topic, by name.
#[rustfmt::skip]
pub(crate) const SETTINGS: &[Setting] = &[
    Setting { name: "cleanup.policy", default: "delete", kind: Kind::List, allowed: Allowed::Words(&["delete", "compact", "compact,delete", "delete,compact"], "`delete`, `compact` or both"), doc: "What makes room: deleting old segments, or keeping the last record of each key" },
    Setting { name: "compression.type", default: "producer", kind: Kind::Text, allowed: Allowed::Words(CODECS, "`producer` or a codec"), doc: "Batches are always kept as the producer compressed them" },
    number("delete.retention.ms", "86400000", 0, "How long compaction keeps a tombstone"),
    number("file.delete.delay.ms", "60000", 0, "Files are deleted at once here"),
    number("flush.messages", FOREVER, 1, "1 makes every append durable before it is acknowledged"),
    number("flush.ms", FOREVER, 0, "Appends are made durable every second in any case"),
    Setting { name: "follower.replication.throttled.replicas", default: "", kind: Kind::List, allowed: Allowed::Any, doc: "There are no replicas here" },
    int("index.interval.bytes", "4096", 1, "Bytes of log between two entries of the index"),
    Setting { name: "leader.replication.throttled.replicas", default: "", kind: Kind::List, allowed: Allowed::Any, doc: "There are no replicas here" },
    number("local.retention.bytes", "-2", -2, "There is no remote storage here"),
    number("local.retention.ms", "-2", -2, "There is no remote storage here"),
    number("max.compaction.lag.ms", FOREVER, 1, "Latest moment at which a record is compacted"),
    int("max.message.bytes", "1048588", 0, "Largest batch that is taken"),
    number("message.timestamp.after.max.ms", "3600000", 0, "How far ahead a timestamp may be"),
    number("message.timestamp.before.max.ms", FOREVER, 0, "How far back a timestamp may be"),
    Setting { name: "message.timestamp.type", default: "CreateTime", kind: Kind::Text, allowed: Allowed::Words(&["CreateTime", "LogAppendTime"], "`CreateTime` or `LogAppendTime`"), doc: "Whose time records carry" },
    Setting { name: "min.cleanable.dirty.ratio", default: "0.5", kind: Kind::Double, allowed: Allowed::Any, doc: "Share of new bytes from which compaction is worth it" },
    number("min.compaction.lag.ms", "0", 0, "How long a record is left alone"),
    int("min.insync.replicas", "1", 1, "There is one replica here"),
    flag("preallocate", "false", "Segments grow as they are written"),
    flag("remote.storage.enable", "false", "There is no remote storage here"),
    number("retention.bytes", "-1", -1, "Size from which the oldest segments are deleted; -1 is no limit"),
    // Kafka's default is seven days. Here event times are often those of a data set, years ago, and would be deleted.
    number("retention.ms", "-1", -1, "Age from which segments are deleted; -1 is no limit"),
    int("segment.bytes", "1073741824", 1024, "Size from which a new segment is begun"),
    int("segment.index.bytes", "10485760", 4, "The index grows as it is written"),
    number("segment.jitter.ms", "0", 0, "Not used here"),
    number("segment.ms", "604800000", 1, "Age from which a new segment is begun"),
    flag("unclean.leader.election.enable", "false", "There is one replica here"),
];

/// The setting with a name.
pub(crate) fn setting(name: &str) -> Result<&'static Setting, TopicError> {
    let found = SETTINGS.iter().find(|s| s.name == name);
    found.ok_or_else(|| TopicError::UnknownConfig { name: name.to_owned() })
}

/// Checks names and values.
pub(crate) fn check(config: &TopicConfig) -> Result<(), TopicError> {
    config.iter().try_for_each(|(name, value)| check_one(setting(name)?, value))
}

fn check_one(setting: &Setting, value: &str) -> Result<(), TopicError> {
    let invalid = |expected| TopicError::InvalidConfig {
        name: setting.name.to_owned(),
        value: value.to_owned(),
        expected,
    };
    match setting.allowed {
        Allowed::Any => Ok(()),
        Allowed::Words(words, expected) => {
            let spaceless = value.replace(' ', "");
            words.contains(&spaceless.as_str()).then_some(()).ok_or_else(|| invalid(expected))
        }
        Allowed::AtLeast(min) => match value.parse::<i64>() {
            Ok(number) if number >= min => match (setting.kind, i32::try_from(number)) {
                (Kind::Int, Err(_)) => Err(invalid("a number of 32 bits")),
                _ => Ok(()),
            },
            Ok(_) => Err(invalid("a larger number")),
            Err(_) => Err(invalid("a whole number")),
        },
    }
}

/// A topic's value of a setting, or the default.
pub(crate) fn value<'a>(config: &'a TopicConfig, name: &str) -> &'a str {
    let default = || SETTINGS.iter().find(|s| s.name == name).map_or("", |s| s.default);
    config.get(name).map_or_else(default, String::as_str)
}

/// What the settings mean for a log.
pub(crate) fn log_options(config: &TopicConfig) -> LogOptions {
    let number = |name| value(config, name).parse::<i64>().unwrap_or(-1);
    let limit = |name| u64::try_from(number(name)).ok();
    let policy = value(config, "cleanup.policy");
    LogOptions {
        segment_bytes_max: limit("segment.bytes").unwrap_or(u64::MAX),
        segment_ms_max: limit("segment.ms").unwrap_or(u64::MAX),
        index_interval_bytes: number("index.interval.bytes") as u32,
        message_bytes_max: number("max.message.bytes") as u32,
        retention: Retention { ms: limit("retention.ms"), bytes: limit("retention.bytes") },
        cleanup: match (policy.contains("compact"), policy.contains("delete")) {
            (true, true) => Cleanup::CompactDelete,
            (true, false) => Cleanup::Compact,
            (false, _) => Cleanup::Delete,
        },
        tombstone_ms: limit("delete.retention.ms").unwrap_or(0),
        timestamps: match value(config, "message.timestamp.type") {
            "LogAppendTime" => TimestampType::LogAppendTime,
            _ => TimestampType::CreateTime,
        },
        ..LogOptions::default()
    }
}

/// How durable an append is before it is acknowledged.
pub(crate) fn durability(config: &TopicConfig) -> Durability {
    if value(config, "flush.messages") == "1" { Durability::Fsync } else { Durability::Cache }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_value(name: &str, value: &str, ok: bool) {
        let config = TopicConfig::from([(name.to_owned(), value.to_owned())]);
        assert_eq!(check(&config).is_ok(), ok, "{name}={value}");
    }

    #[test]
    fn names_and_values_are_checked() {
        check_value("retention.ms", "-1", true);
        check_value("retention.ms", "-2", false);
        check_value("retention.ms", "soon", false);
        check_value("segment.bytes", "4294967296", false);
        check_value("cleanup.policy", "compact, delete", true);
        check_value("cleanup.policy", "shred", false);
        check_value("retention", "1", false);
        check_value("preallocate", "yes", false);
    }

    #[test]
    fn the_defaults_are_the_logs_own_but_nothing_is_deleted_by_age() {
        let retention = Retention { ms: None, bytes: None };
        let kept = LogOptions { retention, ..LogOptions::default() };
        assert_eq!(log_options(&TopicConfig::new()), kept);
        assert!(SETTINGS.iter().all(|s| check_one(s, s.default).is_ok()));
    }
}

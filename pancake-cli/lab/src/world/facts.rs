//! The facts themselves: plain values with the names that messages and conditions use.

use std::collections::BTreeMap;

use pancake_types::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A topic, without its records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicFacts {
    /// Its name.
    pub name: String,
    /// Its partitions, by number.
    pub partitions: Vec<PartitionFacts>,
}

impl TopicFacts {
    /// How many records it holds.
    pub fn records(&self) -> u64 {
        self.partitions.iter().map(|p| p.high_watermark.saturating_sub(p.start)).sum()
    }
}

/// One partition: the offsets between which records can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionFacts {
    /// Its number.
    pub id: u32,
    /// The first offset that can be read.
    pub start: u64,
    /// The offset after the last that can be read.
    pub high_watermark: u64,
}

/// One record, borrowed while it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordFacts<'a> {
    /// The partition it is in.
    pub partition: u32,
    /// Its offset.
    pub offset: u64,
    /// Its timestamp.
    pub timestamp: Timestamp,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value.
    pub value: Option<&'a [u8]>,
}

/// A consumer group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupFacts {
    /// Its id.
    pub id: String,
    /// `stable`, `empty`, `preparing_rebalance`, …
    pub state: String,
    /// How many members it has.
    pub members: u64,
    /// What it has committed.
    pub offsets: Vec<GroupOffset>,
}

/// How far a group is in one partition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupOffset {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: u32,
    /// The committed offset.
    pub committed: u64,
    /// The partition's end.
    pub end: u64,
}

/// A streaming job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct JobFacts {
    /// Its `pipeline.name`, else its sink table.
    pub name: String,
    /// `starting`, `running`, `failed`, `cancelled`, `finished`.
    pub state: String,
    /// Why it failed.
    pub error: Option<String>,
    /// The least watermark of its subtasks; a job whose input ended has the greatest moment there is.
    pub watermark: Option<Timestamp>,
    /// Rows read.
    pub rows_in: u64,
    /// Rows written.
    pub rows_out: u64,
    /// Rows that could not be decoded and were skipped.
    pub malformed: u64,
    /// Rows that came after their window had closed.
    pub late: LateFacts,
    /// The first of them, and why it could not be decoded.
    pub first_malformed: Option<String>,
    /// Whether it has read every record that was in its topics when asked.
    pub caught_up: bool,
    /// The topics it writes.
    pub writes: Vec<String>,
}

/// Rows that came after their window had closed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LateFacts {
    /// How many.
    pub rows: u64,
    /// By how many seconds the latest one lay behind the newest event, so a watermark with this delay would have kept it.
    pub max_s: f64,
}

/// A column of a result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnFacts {
    /// Its name.
    pub name: String,
    /// Its SQL type, as in `DESCRIBE`.
    pub r#type: String,
}

/// The rows of a query: times as `yyyy-MM-dd HH:mm:ss.SSS`, decimals as text in full.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rows {
    /// The columns.
    pub columns: Vec<ColumnFacts>,
    /// The values, row by row.
    pub data: Vec<Vec<Value>>,
    /// Whether there were more rows than asked for.
    pub truncated: bool,
}

/// A model and its versions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelFacts {
    /// Its name.
    pub name: String,
    /// Its versions, oldest first.
    pub versions: Vec<VersionFacts>,
    /// Which version an alias names.
    pub aliases: BTreeMap<String, u64>,
    /// The version that answers now.
    pub serving: Option<u64>,
    /// How many online updates the serving copy has applied.
    pub updates: u64,
    /// How long the newest applied update took from its event to the serving copy.
    pub online_age_ms: Option<f64>,
    /// Events that wait to be applied; `None` if the model does not follow a topic.
    pub online_lag: Option<u64>,
}

/// One version of a model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct VersionFacts {
    /// Its number, from 1.
    pub version: u64,
    /// `als`, …
    pub algorithm: String,
    /// What was measured on the held-out rows: `ndcg_at_10`, `popularity_ndcg_at_10`, `random_ndcg_at_10`, …
    pub metrics: BTreeMap<String, f64>,
    /// What it was trained with.
    pub params: BTreeMap<String, Value>,
    /// How many rows it was trained on.
    pub rows: u64,
}

/// Whether a feed's clock moves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedState {
    /// It stands.
    #[default]
    Paused,
    /// It moves.
    Playing,
    /// Nothing more comes.
    Done,
}

/// Where a feed's clock stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FeedFacts {
    /// The feed's name.
    pub name: String,
    /// The topic that it writes.
    pub topic: String,
    /// Whether it moves.
    pub state: FeedState,
    /// The stream clock.
    pub at: Timestamp,
    /// Where it began.
    pub start: Timestamp,
    /// Where it ends.
    pub until: Option<Timestamp>,
    /// Events written so far.
    pub sent: u64,
    /// Events there are in all, if known.
    pub total: Option<u64>,
}

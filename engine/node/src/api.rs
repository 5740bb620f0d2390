//! What the engine shows of itself: plain values, the same for the API, the command line and the checks of the labs.
//!
//! * A view is a copy of the moment; holding one holds nothing in the engine.
//! * Field names are the words of the glossary; times are milliseconds since 1970 unless the name says otherwise.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::NodeError;

/// The running engine in one line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NodeView {
    /// Version of the program.
    pub version: String,
    /// The home directory.
    pub home: String,
    /// `host:port` of the log's Kafka listener.
    pub kafka: String,
    /// Process id.
    pub pid: u32,
    /// When the process started.
    pub started_at: i64,
    /// Milliseconds from process start until ports accepted, the catalog was restored and jobs ran.
    pub ready_ms: u64,
    /// Topics, the internal ones not counted.
    pub topics: usize,
    /// Jobs that run.
    pub jobs_running: usize,
    /// Models with at least one version.
    pub models: usize,
    /// Bytes of all topics.
    pub log_bytes: u64,
}

/// A topic with its partitions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TopicView {
    /// Name.
    pub name: String,
    /// Kafka's topic id.
    pub id: String,
    /// Whether it belongs to the process (`_pancake.*`).
    pub internal: bool,
    /// Records that can be read, over all partitions (compaction leaves gaps, which are counted).
    pub records: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// The partitions, by number.
    pub partitions: Vec<PartitionView>,
    /// Settings that differ from the defaults.
    pub config: BTreeMap<String, String>,
}

/// One partition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PartitionView {
    /// Number.
    pub partition: u32,
    /// First offset that can be read.
    pub start_offset: u64,
    /// Offset of the next record to come.
    pub end_offset: u64,
    /// Bytes on disk.
    pub bytes: u64,
}

/// What a new topic is to be.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicSpec {
    /// Number of partitions; the broker's default if absent.
    #[serde(default)]
    pub partitions: Option<u32>,
    /// Settings by Kafka's names.
    #[serde(default)]
    pub config: BTreeMap<String, String>,
}

/// Where to begin reading a topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadFrom {
    /// The oldest record that is kept.
    #[default]
    Earliest,
    /// The last `n` records of each partition.
    Last(u64),
    /// An offset, in each partition.
    Offset(u64),
    /// The first record at or after a moment.
    Timestamp(i64),
}

/// A record as text where it is text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordView {
    /// Partition it lies in.
    pub partition: u32,
    /// Its offset there.
    pub offset: u64,
    /// Its timestamp.
    pub timestamp: i64,
    /// Key, if it has one; bytes that are not UTF-8 are shown with U+FFFD.
    pub key: Option<String>,
    /// Value, if it has one (a tombstone has none).
    pub value: Option<String>,
    /// Headers in their order.
    pub headers: Vec<(String, Option<String>)>,
}

/// A record to be written.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRecordView {
    /// Key; records with the same key go to the same partition.
    #[serde(default)]
    pub key: Option<String>,
    /// Value; none makes a tombstone.
    #[serde(default)]
    pub value: Option<String>,
    /// Partition, if the writer chooses it.
    #[serde(default)]
    pub partition: Option<u32>,
    /// Timestamp; the time of the append if absent.
    #[serde(default)]
    pub timestamp: Option<i64>,
}

/// A consumer group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GroupView {
    /// Its id.
    pub id: String,
    /// `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Stable` or `Dead`.
    pub state: String,
    /// Assignment protocol, such as `range`.
    pub protocol: Option<String>,
    /// Members now.
    pub members: Vec<MemberView>,
    /// Committed offsets.
    pub offsets: Vec<GroupOffsetView>,
    /// Records not yet read, over all partitions.
    pub lag: u64,
}

/// A member of a consumer group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MemberView {
    /// Id that the coordinator gave.
    pub member_id: String,
    /// What the client calls itself.
    pub client_id: String,
    /// Where it connects from.
    pub host: String,
    /// Partitions given to it, as `topic-partition`.
    pub assignment: Vec<String>,
}

/// A group's place in one partition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GroupOffsetView {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: u32,
    /// Offset of the next record the group will read.
    pub committed: u64,
    /// End of the partition.
    pub end_offset: u64,
    /// Records between the two.
    pub lag: u64,
}

/// Statements to run, in order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SqlRequest {
    /// One or more statements, separated by semicolons.
    pub sql: String,
    /// Whether a final SELECT over a topic goes on for ever; bounded if absent (`SET 'execution.runtime-mode'` in the text wins).
    #[serde(default)]
    pub streaming: bool,
    /// End after so many rows of a SELECT.
    #[serde(default)]
    pub max_rows: Option<u64>,
}

/// What running statements tells, in order. The last is `end` or `error`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum SqlEvent {
    /// A statement without rows is done.
    Done {
        /// Its place in the text, from zero.
        statement: usize,
        /// One sentence, such as ``table `orders` created``.
        message: String,
    },
    /// An INSERT became a job that goes on.
    Job {
        /// Its place in the text, from zero.
        statement: usize,
        /// The job.
        id: String,
        /// Its name (`pipeline.name`, else the sink table).
        name: String,
    },
    /// A SELECT begins to answer.
    Columns {
        /// Its place in the text, from zero.
        statement: usize,
        /// The columns in order.
        columns: Vec<ColumnView>,
    },
    /// Rows of the SELECT, in order.
    Rows {
        /// Changes; a bounded answer has only `+I`.
        rows: Vec<RowView>,
    },
    /// All statements are done.
    End {
        /// Rows given.
        rows: u64,
        /// Whether `max_rows` cut the answer.
        truncated: bool,
    },
    /// A statement failed; the ones before it are done, the ones after it were not begun.
    Error {
        /// Its place in the text, from zero.
        statement: usize,
        /// What went wrong.
        error: NodeError,
    },
}

/// A column of an answer or of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnView {
    /// Name.
    pub name: String,
    /// Type, in Flink's words, such as `TIMESTAMP(3)`.
    pub data_type: String,
}

/// One change of an answer: `op` is `+I`, `-U`, `+U` or `-D`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowView {
    /// Kind of change.
    pub op: String,
    /// Values by column; timestamps as `yyyy-MM-dd HH:mm:ss.SSS`, decimals in full.
    pub row: serde_json::Map<String, Value>,
}

/// A table or view of the catalog.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TableView {
    /// Name.
    pub name: String,
    /// `table` or `view`.
    pub kind: String,
    /// Columns in order.
    pub columns: Vec<ColumnView>,
    /// Statement that makes it again.
    pub ddl: String,
}

/// A job in one line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobView {
    /// Its id.
    pub id: String,
    /// `pipeline.name`, else the sink table.
    pub name: String,
    /// `starting`, `running`, `finished`, `failed` or `stopped`.
    pub state: String,
    /// The statement.
    pub statement: String,
    /// When it was submitted.
    pub created_at: i64,
    /// Why it failed.
    pub error: Option<String>,
    /// Lowest watermark of its last operators; none before the first and after the end (`watermark_end`).
    pub watermark: Option<i64>,
    /// Whether every input has ended.
    pub watermark_end: bool,
    /// Rows read by its sources.
    pub rows_in: u64,
    /// Rows written by its sinks.
    pub rows_out: u64,
    /// Topics that it writes.
    pub writes: Vec<String>,
    /// Rows that came after their window had closed.
    pub late_rows: u64,
    /// How late the latest of all records was behind the largest event time seen, in milliseconds.
    pub late_max_ms: u64,
    /// Records that could not be decoded.
    pub malformed: u64,
    /// The first of them, as `topic-partition@offset: why`.
    pub first_malformed: Option<String>,
    /// Last complete checkpoint.
    pub checkpoint: Option<u64>,
    /// Whether every record that was in its source topics when asked has been read.
    pub caught_up: bool,
}

/// A job with its graph and its subtasks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobDetail {
    /// The line.
    #[serde(flatten)]
    pub job: JobView,
    /// Operators, sources first.
    pub vertices: Vec<VertexView>,
    /// How rows go between them.
    pub edges: Vec<EdgeView>,
}

/// An operator of a job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VertexView {
    /// Stable id.
    pub id: String,
    /// What it does, in words.
    pub name: String,
    /// Its subtasks.
    pub subtasks: Vec<SubtaskView>,
}

/// One parallel part of an operator.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SubtaskView {
    /// Number, from zero.
    pub subtask: usize,
    /// Rows that came in.
    pub rows_in: u64,
    /// Rows that went out.
    pub rows_out: u64,
    /// Share of the time it worked, 0 to 1.
    pub busy: f64,
    /// Share of the time it waited for input.
    pub idle: f64,
    /// Share of the time it waited for room in the next queue.
    pub backpressured: f64,
    /// How full its input queue is, 0 to 1.
    pub queue: f64,
    /// Its watermark.
    pub watermark: Option<i64>,
    /// Windows that wait for their end.
    pub open_windows: u64,
    /// Rows that came too late.
    pub late_rows: u64,
    /// Bytes of state.
    pub state_bytes: u64,
}

/// A way from one operator to the next.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EdgeView {
    /// Id of the operator that writes.
    pub from: String,
    /// Id of the operator that reads.
    pub to: String,
    /// `forward`, `hash` or `rebalance`.
    pub exchange: String,
}

/// A model with its versions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ModelView {
    /// Name.
    pub name: String,
    /// Versions, newest last.
    pub versions: Vec<VersionView>,
    /// Aliases and the versions they name; `champion` is what is served.
    pub aliases: BTreeMap<String, u32>,
    /// Version that is served now, if one is.
    pub serving: Option<u32>,
    /// Online updates, if they run.
    pub online: Option<OnlineView>,
}

/// One version of a model.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VersionView {
    /// Number, from one.
    pub version: u32,
    /// When it was trained.
    pub created_at: i64,
    /// Algorithm, such as `als`.
    pub algorithm: String,
    /// Settings of the training.
    pub params: BTreeMap<String, Value>,
    /// Measured on the held-out split, such as `ndcg_at_10`, `popularity_ndcg_at_10`, `random_ndcg_at_10`.
    pub metrics: BTreeMap<String, f64>,
    /// Rows it was trained on.
    pub rows: u64,
    /// Identity of the artefact.
    pub sha256: String,
}

/// What is served, measured on held-out rows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EvaluationView {
    /// Model.
    pub model: String,
    /// Version that answered.
    pub version: u32,
    /// Parameters up to here had been applied.
    pub params_offset: u64,
    /// `ndcg_at_10` and what else is measured.
    #[serde(flatten)]
    pub metrics: BTreeMap<String, f64>,
}

/// How online updates stand.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OnlineView {
    /// Topic the events come from.
    pub topic: String,
    /// Events applied since the version was deployed.
    pub events: u64,
    /// Offset after the newest parameters that are served.
    pub params_offset: u64,
    /// Events in the topic that are not applied yet.
    pub lag: u64,
    /// Milliseconds from the newest event's append to its being served; none before the first.
    pub age_ms: Option<u64>,
    /// Events that could not be understood.
    pub malformed: u64,
}

/// What to train, and on what.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainRequest {
    /// Name of the model.
    pub model: String,
    /// Table (or view) to read, from the earliest offset to the latest.
    pub table: String,
    /// Column of the user's id.
    pub user_col: String,
    /// Column of the item's id.
    pub item_col: String,
    /// Only rows that fulfil this SQL condition.
    #[serde(default)]
    pub filter: Option<String>,
    /// `als` (if absent), `popularity` or `random`.
    #[serde(default)]
    pub algorithm: Option<String>,
    /// Latent factors.
    #[serde(default)]
    pub factors: Option<usize>,
    /// L2 regularisation.
    #[serde(default)]
    pub regularization: Option<f32>,
    /// Confidence of an observed pair.
    #[serde(default)]
    pub alpha: Option<f32>,
    /// Sweeps.
    #[serde(default)]
    pub iterations: Option<usize>,
    /// Seed of the start values and of the split.
    #[serde(default)]
    pub seed: Option<u64>,
    /// Share of rows held out for the evaluation, 0 to 0.9; ignored if `test_table` is given.
    #[serde(default)]
    pub holdout: Option<f64>,
    /// Table with the held-out rows, same columns.
    #[serde(default)]
    pub test_table: Option<String>,
}

/// Which version serves.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeployRequest {
    /// Version; the newest if absent.
    #[serde(default)]
    pub version: Option<u32>,
    /// Topic whose events update the model as they come, as JSON with the columns of the training.
    #[serde(default)]
    pub online: Option<String>,
}

/// A generator bound to a topic, with a clock that can be held.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FeedView {
    /// Name.
    pub name: String,
    /// Generator, such as `orders`.
    pub generator: String,
    /// Topic it writes to.
    pub topic: String,
    /// Seed.
    pub seed: u64,
    /// Events written.
    pub position: u64,
    /// Stream time of its start.
    pub start: i64,
    /// Stream time: where the clock stands; none before the first move.
    pub clock: Option<i64>,
    /// Stream time of its end.
    pub until: Option<i64>,
    /// Events in all, if known.
    pub total: Option<u64>,
    /// Stream seconds per second when it plays by itself.
    pub speed: Option<f64>,
    /// Whether it is playing.
    pub playing: bool,
    /// Whether it has come to its end.
    pub finished: bool,
}

/// A generator to be bound to a topic; see `pancake_connect::generator` for the parameters of each.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FeedSpec {
    /// Name.
    pub name: String,
    /// Generator.
    pub generator: String,
    /// Topic it writes to; made if absent.
    pub topic: String,
    /// Stream seconds per second when it plays by itself; as fast as it can if absent.
    #[serde(default)]
    pub speed: Option<f64>,
    /// Everything else that the generator understands: seed, rate, late, until, partitions …
    #[serde(flatten)]
    pub params: BTreeMap<String, Value>,
}

/// How to move a feed.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlayRequest {
    /// Stop at this stream time; at its end if absent.
    #[serde(default)]
    pub to: Option<i64>,
    /// Stop after so many events.
    #[serde(default)]
    pub events: Option<u64>,
    /// Stream seconds per second; as fast as it can if absent.
    #[serde(default)]
    pub speed: Option<f64>,
}

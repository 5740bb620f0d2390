//! What a lab may ask of the world and do to it: three traits, and the facts that they speak in.
//!
//! * [`World`] is read-only: checks get nothing else, so a check cannot change what it judges.
//! * [`Hands`] acts as the learner does: it is used by the API, the command line and the solution player, never by a check.
//! * [`Journal`] keeps progress as events; folding them is [`crate::progress`]'s work.
//! * All three are synchronous; an async caller gives them a blocking thread. Every call is bounded in time by who implements it.
//!
//! Field names of the facts are part of the lab format: messages and conditions say `{actual.records}`.

mod facts;

use std::{collections::BTreeMap, ops::ControlFlow, time::Duration};

use pancake_types::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use facts::{
    ColumnFacts, FeedFacts, FeedState, GroupFacts, GroupOffset, JobFacts, LateFacts, ModelFacts,
    PartitionFacts, RecordFacts, Rows, TopicFacts, VersionFacts,
};

/// Why the world did not answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WorldError {
    /// The learner's text or name is wrong: a check counts this as a failure, with the message shown.
    #[error("{message}")]
    Refused {
        /// What was wrong, as the engine says it.
        message: String,
        /// What to type next, if the engine knows.
        hint: Option<String>,
    },
    /// The world is not there or broke: a check counts this as our error, never as a failure.
    #[error("{what} did not answer: {reason}")]
    Unavailable {
        /// The part that was asked.
        what: String,
        /// What it said instead.
        reason: String,
    },
    /// The bound on waiting was reached.
    #[error("{what} did not answer within {seconds} s")]
    TimedOut {
        /// The part that was asked.
        what: String,
        /// The bound.
        seconds: u64,
    },
}

/// The result of asking or acting.
pub type WorldResult<T> = Result<T, WorldError>;

/// One attendee's place at one lab: the folder `workspaces/<attendee>/<lab>/` and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Desk {
    /// The attendee; alone on a laptop, `me`.
    pub attendee: String,
    /// The lab's id.
    pub lab: String,
}

/// The names of everything that exists, to tell what an act has made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Inventory {
    /// Topics, without the internal ones.
    pub topics: Vec<String>,
    /// Tables and views of the catalog.
    pub tables: Vec<String>,
    /// Jobs by name, in any state.
    pub jobs: Vec<String>,
    /// Models by name.
    pub models: Vec<String>,
}

/// A request of an `http` check or act.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// `GET` or `POST`.
    pub method: String,
    /// A path of the own server (`/api/v1/…`, sent with its token) or a whole URL.
    pub url: String,
    /// Headers beside those that the client sets.
    pub headers: BTreeMap<String, String>,
    /// The JSON body of a POST.
    pub body: Option<Value>,
}

/// What came back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HttpAnswer {
    /// The status code.
    pub status: u16,
    /// The body: JSON if it is JSON, else a JSON string.
    pub body: Value,
}

/// Facts about the running world. It is read-only: no method may change an offset, a state or a file.
pub trait World: Send + Sync {
    /// A topic by name, or `None` if it is not there.
    fn topic(&self, name: &str) -> WorldResult<Option<TopicFacts>>;
    /// Shows every record from the earliest to the latest at the start of the call, partition by partition, until told to stop.
    fn scan_topic(
        &self,
        name: &str,
        visit: &mut dyn FnMut(&RecordFacts<'_>) -> ControlFlow<()>,
    ) -> WorldResult<()>;
    /// A consumer group by id.
    fn group(&self, id: &str) -> WorldResult<Option<GroupFacts>>;
    /// A job by `pipeline.name`, else by its sink table; the newest one of that name.
    fn job(&self, name: &str) -> WorldResult<Option<JobFacts>>;
    /// The rows of one bounded query, at most `rows_max` of them. A wrong query is [`WorldError::Refused`].
    fn query(&self, sql: &str, rows_max: usize) -> WorldResult<Rows>;
    /// A model by name.
    fn model(&self, name: &str) -> WorldResult<Option<ModelFacts>>;
    /// Quality of what a model serves now, online updates included: the top ten of every user of the test table, asked from
    /// serving, known items removed, as `ndcg_at_10` and what else is measured.
    fn evaluate(&self, model: &str, test_table: &str) -> WorldResult<BTreeMap<String, f64>>;
    /// One HTTP call that has no effect (a check's request must be one that only reads).
    fn http(&self, request: &HttpRequest) -> WorldResult<HttpAnswer>;
    /// A file of the desk's workspace.
    fn file(&self, desk: &Desk, path: &str) -> WorldResult<Option<Vec<u8>>>;
    /// The paths of all files of the desk's workspace, sorted.
    fn files(&self, desk: &Desk) -> WorldResult<Vec<String>>;
    /// A feed of the desk's lab: where its stream clock stands.
    fn feed(&self, desk: &Desk, feed: &str) -> WorldResult<Option<FeedFacts>>;
    /// The names of everything that exists.
    fn inventory(&self) -> WorldResult<Inventory>;
    /// Wall time now.
    fn now(&self) -> Timestamp;
    /// Time since some fixed moment, for deadlines.
    fn monotonic(&self) -> Duration;
    /// Blocks until something may have changed, at most `limit`.
    fn wait_for_change(&self, limit: Duration);
}

/// A record to be written by a `produce` act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRecord {
    /// The key; without one the record goes to any partition.
    #[serde(default)]
    pub key: Option<String>,
    /// The value, as text.
    pub value: String,
}

/// A stream of generated or stored events that a lab pours into a topic, with a clock that can be held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeedSpec {
    /// The feed's name, as in `data:` of the lab.
    pub name: String,
    /// The generator (`orders`, `ratings`, …), unless a data set is named.
    pub generator: Option<String>,
    /// The data set (`anime`), unless a generator is named.
    pub dataset: Option<String>,
    /// Which part of the data set, such as `pinned`.
    pub split: Option<String>,
    /// Same seed, same events.
    pub seed: u64,
    /// The topic that it writes.
    pub topic: String,
    /// How many partitions the topic gets.
    pub partitions: u32,
    /// Events per second of stream time.
    pub rate_per_s: Option<f64>,
    /// The share of events that come late, 0 to 1.
    pub late_share: Option<f64>,
    /// The moment of the stream clock after which nothing comes.
    pub until: Option<Timestamp>,
    /// How many seconds of stream time pass per second when the page presses play.
    pub speed: Option<f64>,
    /// Further parameters of the generator.
    pub params: BTreeMap<String, Value>,
}

/// What to do with a feed's clock. When the call returns, the clock stands where it was sent or is `playing` towards it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedMove {
    /// Plays to the end at the feed's own speed.
    Play,
    /// Goes to this moment as fast as the log takes it; `None` is the end.
    PlayTo(Option<Timestamp>),
    /// Lets this many events through.
    Step(u32),
    /// Holds the clock.
    Pause,
}

/// One statement of a cell, after it was run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StatementOutput {
    /// What was done, in words: `table orders made`, `job counts started`.
    pub message: String,
    /// The rows of a query, the first few.
    pub rows: Option<Rows>,
    /// The job that was started.
    pub job: Option<String>,
}

/// Where and why a cell's text was refused.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CellFault {
    /// What was wrong.
    pub message: String,
    /// Line of the cell's text, from 1.
    pub line: Option<u32>,
    /// Column of that line, from 1.
    pub column: Option<u32>,
    /// What to type next.
    pub hint: Option<String>,
}

/// What a cell's run gave.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CellOutput {
    /// The statements that ran, in order.
    pub statements: Vec<StatementOutput>,
    /// Why the rest did not.
    pub fault: Option<CellFault>,
}

/// What a command of our own command line said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandOutput {
    /// The exit code.
    pub code: i32,
    /// stdout.
    pub stdout: String,
    /// stderr.
    pub stderr: String,
}

/// What a learner can do. Each act is one that they could do by hand.
pub trait Hands: Send + Sync {
    /// Appends records to a topic, as any client would; the topic is made if it is missing.
    fn produce(&self, topic: &str, records: &[NewRecord]) -> WorldResult<()>;
    /// Runs every statement of a SQL text in streaming mode, in order, and stops at the first refused one.
    /// A SELECT gives the rows that are there now. A refused statement is in [`CellOutput::fault`], not an error.
    fn run_sql(&self, desk: &Desk, text: &str) -> WorldResult<CellOutput>;
    /// Runs one command line of `pancake` (without the word itself), in the workspace's folder.
    fn pancake(&self, desk: &Desk, argv: &[String]) -> WorldResult<CommandOutput>;
    /// One HTTP call that may have effects.
    fn send(&self, request: &HttpRequest) -> WorldResult<HttpAnswer>;
    /// Writes a file of the workspace; folders are made.
    fn write_file(&self, desk: &Desk, path: &str, bytes: &[u8]) -> WorldResult<()>;
    /// Removes the whole workspace of the desk.
    fn wipe_files(&self, desk: &Desk) -> WorldResult<()>;
    /// Cancels these jobs, drops these tables, deletes these topics and models, in that order; what is gone already is no error.
    fn remove(&self, things: &Inventory) -> WorldResult<()>;
    /// Makes a feed ready: its topic exists and its clock stands at the start, paused. Called again it starts anew.
    fn open_feed(&self, desk: &Desk, feed: &FeedSpec) -> WorldResult<()>;
    /// Forgets a feed and deletes its topic; a feed that is not there is no error.
    fn close_feed(&self, desk: &Desk, feed: &FeedSpec) -> WorldResult<()>;
    /// Moves a feed's clock.
    fn move_feed(&self, desk: &Desk, feed: &str, how: FeedMove) -> WorldResult<()>;
}

/// Where progress is kept: an append-only list of events (the topic `_pancake.progress`, at the fsync level).
pub trait Journal: Send + Sync {
    /// Appends one event; it is durable when this returns.
    fn append(&self, desk: &Desk, event: &crate::progress::Event) -> WorldResult<()>;
    /// All events of one attendee, in order, with the lab each belongs to.
    fn read(&self, attendee: &str) -> WorldResult<Vec<(Desk, crate::progress::Event)>>;
}

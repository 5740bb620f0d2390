//! `lab.yaml` as types: what a lab declares, before its pages are read.
//!
//! * An unknown key is an error that names the file, the line and the nearest known key; nothing is silently ignored.
//! * A lab of a newer format is refused with that reason, not with a list of unknown keys.
//! * Types here only hold what was written; the loader checks that the parts fit together.

mod act;
mod check;
mod limit;
mod parse;
mod shape;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use act::{
    Act, AnswerAct, CellAct, ClockAct, ClockGoal, Expectation, HttpAct, ProduceAct, WriteAct,
    WrongCase,
};
pub use check::{
    Also, AnswerCheck, CheckKind, CheckSpec, Equals, FileCheck, GroupCheck, HintWhen, HttpCheck,
    HttpSpec, JobCheck, ModelCheck, OneOrMany, QueryCheck, TopicCheck, WaitFor,
};
pub(crate) use limit::condition;
pub use limit::{Limit, parse_moment, show_moment};
pub use parse::parse;
pub use shape::{FieldType, KeyShape, RecordShape, ValueShape};

/// The newest format that this program reads.
pub const FORMAT: u32 = 1;

/// A whole `lab.yaml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabFile {
    /// The format's version.
    pub format: u32,
    /// The folder's name.
    pub id: String,
    /// The title, as shown.
    pub title: String,
    /// One sentence: what one can do afterwards.
    pub can_do: String,
    /// A promise to the reader.
    pub minutes: u32,
    /// `easy`, `medium` or `hard`.
    #[serde(default)]
    pub difficulty: Difficulty,
    /// Labs to be done before this one.
    #[serde(default)]
    pub after: Vec<String>,
    /// Rows of the curriculum.
    #[serde(default)]
    pub covers: Vec<String>,
    /// What each tier needs.
    #[serde(default)]
    pub tiers: BTreeMap<String, Tier>,
    /// Companion services.
    #[serde(default)]
    pub services: BTreeMap<String, Value>,
    /// Streams that the lab pours into topics.
    #[serde(default)]
    pub data: BTreeMap<String, DataDecl>,
    /// Values that the learner is asked for.
    #[serde(default)]
    pub vars: BTreeMap<String, VarDecl>,
    /// What the lab's command lines may leave behind, so that a reset can remove it.
    #[serde(default)]
    pub makes: Makes,
    /// The steps, in order.
    pub steps: Vec<StepDecl>,
    /// The checks, by id.
    pub checks: BTreeMap<String, CheckSpec>,
}

/// How hard a lab is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Difficulty {
    /// For a newcomer.
    #[default]
    Easy,
    /// For who has done the labs before it.
    Medium,
    /// For who wants to dig.
    Hard,
}

/// What a tier needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Memory.
    #[serde(default)]
    pub ram_mb: u64,
    /// Companion services.
    #[serde(default)]
    pub services: Vec<String>,
}

/// What a lab's command lines may leave behind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Makes {
    /// Topics.
    pub topics: Vec<String>,
    /// Tables and views.
    pub tables: Vec<String>,
    /// Jobs.
    pub jobs: Vec<String>,
    /// Models.
    pub models: Vec<String>,
}

/// One stream: a generator or a data set, or one of each to choose from.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataDecl {
    /// The variant that needs nothing.
    pub generated: Option<Box<DataDecl>>,
    /// The variant on a real data set.
    pub real: Option<Box<DataDecl>>,
    /// The generator.
    pub generator: Option<String>,
    /// The data set.
    pub dataset: Option<String>,
    /// Which part of the data set.
    pub split: Option<String>,
    /// Same seed, same events.
    pub seed: u64,
    /// The topic that it fills; the stream's own name if absent.
    pub topic: Option<String>,
    /// How many partitions the topic gets.
    pub partitions: Option<u32>,
    /// Events per second of stream time: `10/s`.
    pub rate: Option<String>,
    /// The share of events that come late: `2%`.
    pub late: Option<String>,
    /// Always `virtual`: the page holds the clock.
    pub clock: Option<String>,
    /// Stream seconds per second when the page presses play: `60x`.
    pub speed: Option<String>,
    /// Where the stream clock stops.
    pub until: Option<String>,
    /// `start`: everything is there from the start, nothing is played.
    pub play: Option<String>,
    /// Named moments of the stream clock, for cells and acts.
    pub marks: BTreeMap<String, String>,
    /// Further parameters of the generator.
    pub params: BTreeMap<String, Value>,
}

/// A value that the learner is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VarDecl {
    /// The question.
    pub ask: String,
    /// What an answer looks like, as a regular expression.
    #[serde(default)]
    pub r#match: Option<String>,
    /// The value until there is an answer.
    #[serde(default)]
    pub default: Option<String>,
}

/// One step: a page and the checks that close it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepDecl {
    /// Its id.
    pub id: String,
    /// Its page, a file of the lab.
    pub page: String,
    /// A promise to the reader.
    #[serde(default)]
    pub minutes: u32,
    /// The checks that close it.
    pub checks: Vec<String>,
}

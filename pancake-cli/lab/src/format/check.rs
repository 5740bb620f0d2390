//! A check as it is declared: one kind, what it must find, and what to say when it does not.
//!
//! * Exactly one kind key stands in a check; `expect:` adds a CEL condition to any of them.
//! * `fail` is not optional: a check that cannot say what was seen is not a check.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};
use serde_json::Value;

use super::{Limit, RecordShape};

/// One entry of `checks:`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckSpec {
    /// A topic and its records.
    pub topic: Option<TopicCheck>,
    /// A consumer group.
    pub group: Option<GroupCheck>,
    /// A streaming job.
    pub job: Option<JobCheck>,
    /// The rows of a bounded query.
    pub query: Option<QueryCheck>,
    /// A model and its metrics.
    pub model: Option<ModelCheck>,
    /// An HTTP answer.
    pub http: Option<HttpCheck>,
    /// The answer to a quiz of a page.
    pub answer: Option<AnswerCheck>,
    /// A file of the workspace.
    pub file: Option<FileCheck>,
    /// Checks that must pass before this one is tried.
    pub needs: Vec<String>,
    /// Whose stream time must come how far before this one is tried.
    pub on: Option<WaitFor>,
    /// A further condition (CEL) over `actual`, `expected`, `diff`, `vars` and what `also` fetches.
    pub expect: Option<String>,
    /// Further facts for `expect`, `hints_when` and messages.
    pub also: Also,
    /// What to say when it fails: what was seen, what was wanted, what to do next.
    pub fail: String,
    /// What to say when it passes.
    pub pass: Option<String>,
    /// Computed hints; the first whose condition holds is said.
    pub hints_when: Vec<HintWhen>,
    /// When nothing can mend it any more but a reset (CEL).
    pub lost_if: Option<String>,
    /// How long it may take in all.
    pub deadline_s: Option<u32>,
    /// Only for these variants of the data; all if empty.
    pub variants: Vec<String>,
}

/// The kind of a check, borrowed from its declaration.
#[derive(Debug, Clone, Copy)]
pub enum CheckKind<'a> {
    /// See [`TopicCheck`].
    Topic(&'a TopicCheck),
    /// See [`GroupCheck`].
    Group(&'a GroupCheck),
    /// See [`JobCheck`].
    Job(&'a JobCheck),
    /// See [`QueryCheck`].
    Query(&'a QueryCheck),
    /// See [`ModelCheck`].
    Model(&'a ModelCheck),
    /// See [`HttpCheck`].
    Http(&'a HttpCheck),
    /// See [`AnswerCheck`].
    Answer(&'a AnswerCheck),
    /// See [`FileCheck`].
    File(&'a FileCheck),
}

impl CheckKind<'_> {
    /// The kind's key in `lab.yaml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Topic(_) => "topic",
            Self::Group(_) => "group",
            Self::Job(_) => "job",
            Self::Query(_) => "query",
            Self::Model(_) => "model",
            Self::Http(_) => "http",
            Self::Answer(_) => "answer",
            Self::File(_) => "file",
        }
    }
}

impl CheckSpec {
    /// All kinds that are declared; a good check has exactly one.
    pub fn kinds(&self) -> Vec<CheckKind<'_>> {
        [
            self.topic.as_ref().map(CheckKind::Topic),
            self.group.as_ref().map(CheckKind::Group),
            self.job.as_ref().map(CheckKind::Job),
            self.query.as_ref().map(CheckKind::Query),
            self.model.as_ref().map(CheckKind::Model),
            self.http.as_ref().map(CheckKind::Http),
            self.answer.as_ref().map(CheckKind::Answer),
            self.file.as_ref().map(CheckKind::File),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Whether it belongs to a variant of the data.
    pub fn is_for(&self, variant: Option<&str>) -> bool {
        let variant = variant.unwrap_or("generated");
        self.variants.is_empty() || self.variants.iter().any(|v| v == variant)
    }
}

/// A topic and its records.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicCheck {
    /// The topic.
    pub name: String,
    /// How many records.
    #[serde(default)]
    pub records: Option<Limit>,
    /// How many partitions.
    #[serde(default)]
    pub partitions: Option<Limit>,
    /// At least one record looks like this.
    #[serde(default)]
    pub any: Option<RecordShape>,
    /// Every record looks like this.
    #[serde(default)]
    pub every: Option<RecordShape>,
}

/// A consumer group.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupCheck {
    /// Its id.
    pub id: String,
    /// Only what it read of this topic.
    #[serde(default)]
    pub topic: Option<String>,
    /// Its state.
    #[serde(default)]
    pub state: Option<String>,
    /// How many members.
    #[serde(default)]
    pub members: Option<Limit>,
    /// The sum of the committed offsets.
    #[serde(default)]
    pub committed: Option<Limit>,
    /// Records not yet read.
    #[serde(default)]
    pub lag: Option<Limit>,
}

/// A streaming job.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobCheck {
    /// `pipeline.name`, else the sink table.
    pub name: String,
    /// One of these states.
    #[serde(default)]
    pub state: Option<OneOrMany>,
    /// Rows read.
    #[serde(default)]
    pub rows_in: Option<Limit>,
    /// Rows written.
    #[serde(default)]
    pub rows_out: Option<Limit>,
    /// Rows that could not be decoded.
    #[serde(default)]
    pub malformed: Option<Limit>,
    /// Rows that came too late.
    #[serde(default)]
    pub late_rows: Option<Limit>,
}

/// The rows of a bounded query.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryCheck {
    /// The query.
    pub sql: String,
    /// The rows that it must give: a CSV file under `expected/`, or the rows themselves.
    #[serde(default)]
    pub equals: Option<Equals>,
    /// Whether the order of the rows is nobody's business.
    #[serde(default)]
    pub ignore_order: bool,
    /// How far numbers may lie apart.
    #[serde(default)]
    pub tolerance: f64,
    /// How many rows.
    #[serde(default)]
    pub rows: Option<Limit>,
    /// What holds for every row (CEL over `row`, by column name).
    #[serde(default)]
    pub every: Option<String>,
}

/// Expected rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Equals {
    /// In a file of the lab.
    File(String),
    /// Here.
    Rows(Vec<Vec<Value>>),
}

impl<'de> Deserialize<'de> for Equals {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rows;
        impl<'de> Visitor<'de> for Rows {
            type Value = Equals;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a file such as expected/counts.csv, or rows such as [[1, \"a\"]]")
            }

            fn visit_str<E: Error>(self, file: &str) -> Result<Equals, E> {
                Ok(Equals::File(file.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Equals, A::Error> {
                let mut rows = Vec::new();
                while let Some(row) = seq.next_element()? {
                    rows.push(row);
                }
                Ok(Equals::Rows(rows))
            }
        }
        deserializer.deserialize_any(Rows)
    }
}

/// A model and its metrics.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelCheck {
    /// The model.
    pub name: String,
    /// How many versions.
    #[serde(default)]
    pub versions: Option<Limit>,
    /// The algorithm of the newest version.
    #[serde(default)]
    pub algorithm: Option<String>,
    /// Metrics of the newest version.
    #[serde(default)]
    pub metrics: BTreeMap<String, Limit>,
    /// The version that answers.
    #[serde(default)]
    pub serving: Option<Limit>,
    /// Online updates applied.
    #[serde(default)]
    pub updates: Option<Limit>,
    /// How old the newest update was when it was served.
    #[serde(default)]
    pub online_age_ms: Option<Limit>,
    /// Ask serving for the top ten of every user of this table, and measure the answers.
    #[serde(default)]
    pub test_table: Option<String>,
    /// Metrics of the served answers; needs `test_table`.
    #[serde(default)]
    pub served: BTreeMap<String, Limit>,
}

/// A request: `get:` or `post:` with a body.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSpec {
    /// A path of the own server, or a URL.
    pub get: Option<String>,
    /// The same for a POST.
    pub post: Option<String>,
    /// The POST's JSON body.
    pub body: Option<Value>,
}

/// An HTTP answer.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpCheck {
    /// A path of the own server, or a URL.
    pub get: Option<String>,
    /// The same for a POST that only reads.
    pub post: Option<String>,
    /// The POST's JSON body.
    pub body: Option<Value>,
    /// The status; 200 if absent.
    pub status: Option<Limit>,
}

/// The answer to a quiz.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerCheck {
    /// The quiz of a page.
    pub quiz: String,
    /// The answer, or any of these.
    #[serde(default)]
    pub is: Option<OneOrMany>,
    /// The number.
    #[serde(default)]
    pub number: Option<f64>,
    /// How far from the number it may lie.
    #[serde(default)]
    pub tolerance: f64,
    /// A regular expression for the whole answer.
    #[serde(default)]
    pub matches: Option<String>,
}

/// A file of the workspace.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileCheck {
    /// Its path.
    pub path: String,
    /// Its whole content is that of this file of the lab.
    #[serde(default)]
    pub equals: Option<String>,
    /// It contains a match of this regular expression.
    #[serde(default)]
    pub matches: Option<String>,
    /// How many lines.
    #[serde(default)]
    pub lines: Option<Limit>,
}

/// Whose stream time must come how far.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitFor {
    /// The job.
    #[serde(default)]
    pub job: Option<String>,
    /// `>= 2026-05-01 09:10:00`, or `>= 600s` after the start of the lab's stream; without it, until all records that are there were read.
    #[serde(default)]
    pub watermark: Option<String>,
    /// The model whose online updates must have caught up with their topic.
    #[serde(default)]
    pub model: Option<String>,
}

/// A computed hint.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HintWhen {
    /// The condition (CEL).
    pub r#if: String,
    /// What to say.
    pub say: String,
    /// Further facts for both.
    #[serde(default)]
    pub also: Also,
}

/// Further facts; each is a variable of its kind's name.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Also {
    /// A topic.
    pub topic: Option<String>,
    /// A consumer group.
    pub group: Option<String>,
    /// A job.
    pub job: Option<String>,
    /// A model.
    pub model: Option<String>,
    /// The rows of a query.
    pub query: Option<String>,
    /// An HTTP answer.
    pub http: Option<HttpSpec>,
    /// An answer to a quiz.
    pub answer: Option<String>,
    /// A stream of the lab.
    pub feed: Option<String>,
}

/// One word or a list of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OneOrMany(pub Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word or a list of words")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![word.to_owned()]))
            }

            fn visit_i64<E: Error>(self, n: i64) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![n.to_string()]))
            }

            fn visit_u64<E: Error>(self, n: u64) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![n.to_string()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
                let mut words = Vec::new();
                while let Some(OneOrMany(more)) = seq.next_element()? {
                    words.extend(more);
                }
                Ok(OneOrMany(words))
            }
        }
        deserializer.deserialize_any(Words)
    }
}

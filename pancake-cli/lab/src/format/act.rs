//! What a solution or a wrong case does: a list of acts, the same that a learner has.
//!
//! An act is a map with one key, its verb: `- cell: pour`, `- answer: {which_time: ordered_at}`.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

use crate::{progress::Verdict, world::NewRecord};

/// One act.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Appends records to a topic.
    Produce(ProduceAct),
    /// Runs SQL that no cell holds.
    Sql(String),
    /// Puts a text into a cell, if one is given, and runs it.
    Cell(CellAct),
    /// Moves a stream clock.
    Clock(ClockAct),
    /// Writes a file of the workspace.
    Write(WriteAct),
    /// Sends an HTTP request.
    Http(HttpAct),
    /// Answers quizzes.
    Answer(AnswerAct),
    /// Runs a command line of ours.
    Pancake(String),
}

/// Records for a topic.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProduceAct {
    /// The topic.
    pub topic: String,
    /// The records.
    pub records: Vec<NewRecord>,
}

/// A cell to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellAct {
    /// The cell.
    pub cell: String,
    /// The text to put into it first.
    pub text: Option<String>,
}

/// How to move a stream clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockAct {
    /// The stream; the lab's only one if absent.
    pub feed: Option<String>,
    /// Where to.
    pub goal: ClockGoal,
}

/// Where a stream clock goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClockGoal {
    /// To a moment or a mark of the lab, as fast as the log takes it.
    PlayTo(String),
    /// To the end, as fast as the log takes it.
    End,
    /// On at its own speed.
    Play,
    /// This many events.
    Step(u32),
    /// Nowhere.
    Pause,
}

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WriteAct {
    /// Its path in the workspace.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A request to send.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpAct {
    /// A path of the own server, or a URL.
    pub get: Option<String>,
    /// The same for a POST.
    pub post: Option<String>,
    /// The POST's JSON body.
    pub body: Option<Value>,
}

/// Answers by quiz.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerAct(pub BTreeMap<String, String>);

/// One file under `wrong/`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrongCase {
    /// What is done instead of the solution.
    pub r#do: Vec<Act>,
    /// What must be found.
    pub expect: Expectation,
    /// Only with these variants of the data; with all if empty.
    #[serde(default)]
    pub variants: Vec<String>,
}

/// What a wrong case must meet.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The check that catches it.
    pub check: String,
    /// Its verdict.
    #[serde(default = "fail")]
    pub verdict: Verdict,
    /// A regular expression that matches what is said.
    pub says: String,
}

fn fail() -> Verdict {
    Verdict::Fail
}

/// The keys that an act may have: its verb, or a companion of `cell` and `clock`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    produce: Option<ProduceAct>,
    sql: Option<String>,
    cell: Option<String>,
    text: Option<String>,
    clock: Option<ClockWritten>,
    write: Option<WriteAct>,
    http: Option<HttpAct>,
    answer: Option<BTreeMap<String, Value>>,
    pancake: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockWritten {
    feed: Option<String>,
    play_to: Option<String>,
    #[serde(default)]
    play: bool,
    step: Option<u32>,
    #[serde(default)]
    pause: bool,
}

impl<'de> Deserialize<'de> for Act {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)?;
        let text = written.text;
        let has_text = text.is_some();
        let is_cell = written.cell.is_some();
        let clock = written.clock.map(goal).transpose().map_err(D::Error::custom)?;
        let acts: Vec<Act> = [
            written.produce.map(Act::Produce),
            written.sql.map(Act::Sql),
            written.cell.map(|cell| Act::Cell(CellAct { cell, text })),
            clock.map(Act::Clock),
            written.write.map(Act::Write),
            written.http.map(Act::Http),
            written.answer.map(|answers| {
                Act::Answer(AnswerAct(answers.into_iter().map(|(k, v)| (k, plain(&v))).collect()))
            }),
            written.pancake.map(Act::Pancake),
        ]
        .into_iter()
        .flatten()
        .collect();
        if has_text && !is_cell {
            return Err(D::Error::custom("`text` belongs to `cell`"));
        }
        <[Act; 1]>::try_from(acts).map(|[act]| act).map_err(|acts| {
            D::Error::custom(format!(
                "an act has one verb (produce, sql, cell, clock, write, http, answer, pancake); this one has {}",
                acts.len()
            ))
        })
    }
}

fn goal(written: ClockWritten) -> Result<ClockAct, &'static str> {
    let goals: Vec<ClockGoal> = [
        written.play_to.map(|to| if to == "end" { ClockGoal::End } else { ClockGoal::PlayTo(to) }),
        written.play.then_some(ClockGoal::Play),
        written.step.map(ClockGoal::Step),
        written.pause.then_some(ClockGoal::Pause),
    ]
    .into_iter()
    .flatten()
    .collect();
    let [goal] = <[ClockGoal; 1]>::try_from(goals).map_err(
        |_| "a clock act is one of play_to (a moment, a mark or `end`), play, step, pause",
    )?;
    Ok(ClockAct { feed: written.feed, goal })
}

/// A scalar as a learner would type it.
pub(crate) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_are_read_by_their_verb() {
        let acts: Vec<Act> = serde_yaml::from_str(
            "- cell: pour\n- {cell: count, text: SELECT 1}\n- clock: {play_to: end}\n- answer: {n: 3}\n- pancake: model list\n",
        )
        .unwrap();
        assert_eq!(acts[0], Act::Cell(CellAct { cell: "pour".into(), text: None }));
        assert_eq!(acts[2], Act::Clock(ClockAct { feed: None, goal: ClockGoal::End }));
        assert_eq!(acts[3], Act::Answer(AnswerAct([("n".into(), "3".into())].into())));
        assert_eq!(acts.len(), 5);
    }

    #[test]
    #[rustfmt::skip]
    fn an_act_has_exactly_one_verb() {
        for text in ["{}", "{sql: a, pancake: b}", "{sql: a, text: b}", "{clock: {}}", "{dance: a}"] {
            assert!(serde_yaml::from_str::<Act>(text).is_err(), "{text}");
        }
    }
}

//! Judging: one check in, one verdict out, with what was seen and what was wanted.
//!
//! * A check only reads; judging it twice gives the same verdict.
//! * `fail` is about the learner's work; `error` is about ours and is never counted; `blocked` says what has to come first.
//! * A wait is on the stream's clock, says for what it waits, and has a bound.
//!
//! Start reading at [`Judge::judge`].

mod also;
mod answer;
mod compare;
mod file;
mod group;
mod http;
mod job;
mod model;
mod query;
mod topic;
mod wait;

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    condition,
    format::{CheckKind, CheckSpec, Limit},
    loader::Lab,
    progress::Verdict,
    template,
    world::{Desk, World, WorldError, WorldResult},
};

/// What a check found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckReport {
    /// The check.
    pub check: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// What to tell the learner.
    pub message: String,
    /// The computed hint that fits, if one does.
    pub hint: Option<String>,
    /// What was seen.
    pub actual: Value,
    /// What was wanted.
    pub expected: Value,
    /// How they differ.
    pub diff: Value,
}

impl CheckReport {
    /// All that is said: the message and the computed hint.
    pub fn said(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{} {hint}", self.message),
            None => self.message.clone(),
        }
    }
}

/// Who judges: a lab, the world, and whose desk it is about.
#[derive(Clone, Copy)]
pub struct Judge<'a> {
    /// The lab.
    pub lab: &'a Lab,
    /// The world, to be read only.
    pub world: &'a dyn World,
    /// The desk.
    pub desk: &'a Desk,
    /// The variant of the data.
    pub variant: Option<&'a str>,
    /// The learner's answers to `vars`.
    pub vars: &'a BTreeMap<String, String>,
}

impl std::fmt::Debug for Judge<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Judge")
            .field("lab", &self.lab.id())
            .field("desk", self.desk)
            .finish_non_exhaustive()
    }
}

/// What a kind of check found.
#[derive(Debug, Clone, Default, PartialEq)]
struct Finding {
    holds: bool,
    actual: Value,
    expected: Value,
    diff: Value,
    /// Said instead of `fail`, when there is nothing to compare.
    instead: Option<String>,
}

/// How long a check may take unless it says otherwise.
const DEADLINE_S: u32 = 20;

/// How long the world is left alone before a failing check that waits is looked at once more.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// How often it is looked at again at most.
const LOOKS_MAX: u32 = 20;

impl Judge<'_> {
    /// Judges several checks, each at most once, those that they need first. The reports come in the order asked for.
    pub fn judge_all<'i>(&self, ids: impl IntoIterator<Item = &'i str>) -> Vec<CheckReport> {
        let mut known = BTreeMap::new();
        ids.into_iter().map(|id| self.judge_known(id, &mut known)).collect()
    }

    /// Judges one check, and those that it needs first.
    pub fn judge(&self, id: &str) -> CheckReport {
        self.judge_known(id, &mut BTreeMap::new())
    }

    fn judge_known(&self, id: &str, known: &mut BTreeMap<String, CheckReport>) -> CheckReport {
        if let Some(report) = known.get(id) {
            return report.clone();
        }
        let Some(spec) = self.lab.file.checks.get(id) else {
            return Self::report(id, Verdict::Error, format!("the lab has no check `{id}`"));
        };
        // Put in first, so that checks that need each other end in a report instead of a circle.
        let circle = Self::report(id, Verdict::Error, format!("check `{id}` needs itself"));
        known.insert(id.to_owned(), circle);
        let open =
            spec.needs.iter().find(|need| self.judge_known(need, known).verdict != Verdict::Pass);
        let report = match open {
            Some(need) => self.blocked(id, need),
            None => self.try_check(id, spec),
        };
        known.insert(id.to_owned(), report.clone());
        report
    }

    fn blocked(&self, id: &str, need: &str) -> CheckReport {
        let page = self.lab.step_of_check(need).map(|step| step.id.as_str()).unwrap_or_default();
        Self::report(id, Verdict::Blocked, format!("First pass `{need}` (step {page})."))
    }

    fn report(id: &str, verdict: Verdict, message: String) -> CheckReport {
        CheckReport {
            check: id.to_owned(),
            verdict,
            message,
            hint: None,
            actual: Value::Null,
            expected: Value::Null,
            diff: Value::Null,
        }
    }

    fn try_check(&self, id: &str, spec: &CheckSpec) -> CheckReport {
        let limit = Duration::from_secs(spec.deadline_s.unwrap_or(DEADLINE_S).into());
        if let Some(on) = &spec.on {
            match wait::wait_for(self, on, limit) {
                Ok(wait::Waited::Ready) => {}
                Ok(wait::Waited::NotYet(why)) => return Self::report(id, Verdict::Blocked, why),
                Err(error) => return Self::broken(id, &error),
            }
        }
        match self.find_settled(spec, limit) {
            Ok(finding) => self.verdict(id, spec, finding),
            Err(error) => Self::broken(id, &error),
        }
    }

    /// Looks until a failing check that waits has stopped changing: its job's last rows may still be on their way.
    fn find_settled(&self, spec: &CheckSpec, limit: Duration) -> WorldResult<Finding> {
        let mut finding = self.find(spec)?;
        let began = self.world.monotonic();
        for _ in 0..LOOKS_MAX {
            let over = self.world.monotonic().saturating_sub(began) >= limit;
            let settling =
                spec.on.is_some() || finding.actual.get("state") == Some(&json!("starting"));
            if finding.holds || !settling || over {
                break;
            }
            self.world.wait_for_change(LOOK_AGAIN);
            let again = self.find(spec)?;
            let starting = again.actual.get("state") == Some(&json!("starting"));
            if again == finding && !starting {
                break;
            }
            finding = again;
        }
        Ok(finding)
    }

    fn broken(id: &str, error: &WorldError) -> CheckReport {
        let message = match error {
            WorldError::Refused { message, .. } => message.clone(),
            ours => format!("{ours}. This is our fault: your try is not counted."),
        };
        Self::report(id, Verdict::Error, message)
    }

    fn find(&self, spec: &CheckSpec) -> WorldResult<Finding> {
        let kinds = spec.kinds();
        let Some(kind) = kinds.first() else { return Ok(Finding::default()) };
        let found = match kind {
            CheckKind::Topic(check) => topic::find(check, self),
            CheckKind::Group(check) => group::find(check, self),
            CheckKind::Job(check) => job::find(check, self),
            CheckKind::Query(check) => query::find(check, self),
            CheckKind::Model(check) => model::find(check, self),
            CheckKind::Http(check) => http::find(check, self),
            CheckKind::Answer(check) => answer::find(check, self),
            CheckKind::File(check) => file::find(check, self),
        };
        let finding = match found {
            Err(WorldError::Refused { message, hint }) => refused(&message, hint.as_deref()),
            other => other?,
        };
        self.with_expect(spec, finding)
    }

    /// Adds the check's own condition to what its kind found.
    fn with_expect(&self, spec: &CheckSpec, mut finding: Finding) -> WorldResult<Finding> {
        if let (true, Some(expect)) = (finding.holds, &spec.expect) {
            let facts = self.facts(&finding, &[&spec.also])?;
            finding.holds = condition::holds(expect, &facts);
        }
        Ok(finding)
    }

    fn facts(&self, finding: &Finding, also: &[&crate::format::Also]) -> WorldResult<Value> {
        let mut facts = Map::new();
        facts.insert("actual".into(), finding.actual.clone());
        facts.insert("expected".into(), finding.expected.clone());
        facts.insert("diff".into(), finding.diff.clone());
        facts.insert("vars".into(), json!(self.vars));
        facts.insert("variant".into(), json!(self.variant.unwrap_or("generated")));
        for also in also {
            also::fetch(also, self, &mut facts)?;
        }
        Ok(Value::Object(facts))
    }

    fn verdict(&self, id: &str, spec: &CheckSpec, finding: Finding) -> CheckReport {
        let verdict = if finding.holds { Verdict::Pass } else { Verdict::Fail };
        let facts = match self.facts(&finding, &[&spec.also]) {
            Ok(facts) => facts,
            Err(error) => return Self::broken(id, &error),
        };
        let message = match (finding.holds, &finding.instead) {
            (true, _) => {
                spec.pass.as_deref().map_or_else(|| "Passed.".into(), |m| template::fill(m, &facts))
            }
            (false, Some(instead)) => instead.clone(),
            (false, None) => template::fill(&self.substitute(&spec.fail), &facts),
        };
        let mut report = Self::report(id, verdict, message);
        if !finding.holds {
            report.hint = self.computed_hint(spec, &finding);
            if spec.lost_if.as_deref().is_some_and(|lost| condition::holds(lost, &facts)) {
                report.message.push_str(" Nothing you run can mend this: reset the step.");
            }
        }
        report.actual = finding.actual;
        report.expected = finding.expected;
        report.diff = finding.diff;
        report
    }

    fn computed_hint(&self, spec: &CheckSpec, finding: &Finding) -> Option<String> {
        spec.hints_when.iter().find_map(|hint| {
            let facts = self.facts(finding, &[&spec.also, &hint.also]).ok()?;
            condition::holds(&hint.r#if, &facts)
                .then(|| template::fill(&self.substitute(&hint.say), &facts))
        })
    }

    /// Puts the learner's own values into a text: `clicks-{user}`.
    fn substitute(&self, text: &str) -> String {
        self.vars.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
    }

    /// Whether a bound holds for a number; no bound always holds.
    fn within(&self, limit: Option<&Limit>, value: impl Into<Value>) -> bool {
        limit.is_none_or(|limit| {
            let condition = crate::format::condition(limit.text(self.variant), "value");
            condition::holds(&condition, &json!({"value": value.into()}))
        })
    }

    /// The bounds that are given, as they are written, for `expected`.
    fn wanted(&self, limits: &[(&str, Option<&Limit>)]) -> Value {
        let given = limits.iter().filter_map(|(name, limit)| {
            Some(((*name).to_owned(), Value::from(limit.as_ref()?.text(self.variant))))
        });
        Value::Object(given.collect())
    }
}

/// A query or a name that the engine refused: the learner's work is not far enough.
fn refused(message: &str, hint: Option<&str>) -> Finding {
    let hint = hint.map(|hint| format!(" {hint}")).unwrap_or_default();
    Finding {
        actual: json!({"error": message}),
        instead: Some(format!("This cannot be judged yet: {message}.{hint}")),
        ..Finding::default()
    }
}

/// A finding of a thing that is not there.
fn absent(name: &str) -> Finding {
    Finding { actual: json!({"exists": false, "name": name}), ..Finding::default() }
}

#[cfg(test)]
mod tests;

//! Progress: events, and the pure fold that makes a state of them.
//!
//! * The state is only what the events say; there is no second store.
//! * A pass is sticky until a reset; an error of ours is never counted as an attempt.

use std::collections::BTreeMap;

use pancake_types::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not hold; the message says what was seen.
    Fail,
    /// We could not tell: our fault, not counted.
    Error,
    /// A check that it needs has not passed.
    Blocked,
}

/// One thing that happened at a desk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What can happen at a desk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// The lab was started.
    Started {
        /// The variant of its data: `generated` or `real`.
        #[serde(default)]
        variant: Option<String>,
    },
    /// A check was asked for.
    Attempt {
        /// The check.
        check: String,
        /// What it found.
        verdict: Verdict,
        /// What it said.
        message: String,
        /// What it saw.
        #[serde(default)]
        actual: Value,
    },
    /// A hint was opened.
    HintOpened {
        /// The check it helps with.
        check: String,
        /// Its rung, from 1.
        level: u32,
    },
    /// A check passed for the first time.
    Passed {
        /// The check.
        check: String,
    },
    /// The lab, or one step of it, went back to its start.
    Reset {
        /// The step; without one, the whole lab.
        #[serde(default)]
        step: Option<String>,
        /// The checks whose passes are taken back; empty means all.
        #[serde(default)]
        checks: Vec<String>,
    },
}

/// The state of one check.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckProgress {
    /// How often it was tried and counted.
    pub attempts: u32,
    /// When it first passed, if it has.
    pub passed_at: Option<Timestamp>,
    /// The last verdict.
    pub last: Option<Verdict>,
    /// The last message.
    pub message: String,
    /// How many rungs of hints were opened.
    pub hints_opened: u32,
}

/// The state of one lab at one desk.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LabProgress {
    /// When it was started, if it was.
    pub started_at: Option<Timestamp>,
    /// The variant of its data.
    pub variant: Option<String>,
    /// The checks that anything is known of.
    pub checks: BTreeMap<String, CheckProgress>,
}

impl LabProgress {
    /// Folds events, in order, into a state.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut state = Self::default();
        for event in events {
            state.apply(event);
        }
        state
    }

    /// Applies one event.
    pub fn apply(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Started { variant } => {
                self.started_at.get_or_insert(event.at);
                self.variant.clone_from(variant);
            }
            EventKind::Attempt { check, verdict, message, .. } => {
                let state = self.checks.entry(check.clone()).or_default();
                if matches!(verdict, Verdict::Pass | Verdict::Fail) {
                    state.attempts = state.attempts.saturating_add(1);
                }
                state.last = Some(*verdict);
                state.message.clone_from(message);
            }
            EventKind::HintOpened { check, level } => {
                let state = self.checks.entry(check.clone()).or_default();
                state.hints_opened = state.hints_opened.max(*level);
            }
            EventKind::Passed { check } => {
                let state = self.checks.entry(check.clone()).or_default();
                state.passed_at.get_or_insert(event.at);
            }
            EventKind::Reset { step: None, .. } => *self = Self::default(),
            EventKind::Reset { step: Some(_), checks } => {
                for check in checks {
                    self.checks.remove(check);
                }
            }
        }
    }

    /// Whether a check has passed and was not reset since.
    pub fn passed(&self, check: &str) -> bool {
        self.checks.get(check).is_some_and(|c| c.passed_at.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64, kind: EventKind) -> Event {
        Event { at: Timestamp::from_millis(ms), kind }
    }

    fn attempt(verdict: Verdict) -> EventKind {
        EventKind::Attempt {
            check: "a".into(),
            verdict,
            message: "seen 3".into(),
            actual: Value::Null,
        }
    }

    #[test]
    fn a_pass_is_sticky_until_a_reset() {
        let mut events = vec![
            at(1, EventKind::Started { variant: None }),
            at(2, attempt(Verdict::Pass)),
            at(2, EventKind::Passed { check: "a".into() }),
            at(3, attempt(Verdict::Fail)),
            at(4, EventKind::Passed { check: "a".into() }),
        ];
        let state = LabProgress::of(&events);
        assert!(state.passed("a"));
        assert_eq!(state.checks["a"].passed_at, Some(Timestamp::from_millis(2)));
        assert_eq!(state.checks["a"].last, Some(Verdict::Fail));
        events.push(at(5, EventKind::Reset { step: Some("s".into()), checks: vec!["b".into()] }));
        assert!(LabProgress::of(&events).passed("a"));
        events.push(at(6, EventKind::Reset { step: None, checks: vec![] }));
        assert_eq!(LabProgress::of(&events), LabProgress::default());
    }

    #[test]
    fn an_error_of_ours_is_no_attempt() {
        let events = [
            at(1, attempt(Verdict::Error)),
            at(2, attempt(Verdict::Blocked)),
            at(3, attempt(Verdict::Fail)),
        ];
        assert_eq!(LabProgress::of(&events).checks["a"].attempts, 1);
    }

    #[test]
    fn an_event_survives_its_journey_as_json() {
        let event = at(7, attempt(Verdict::Blocked));
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(
            text,
            r#"{"at":7,"event":"attempt","check":"a","verdict":"blocked","message":"seen 3","actual":null}"#
        );
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
    }
}

//! Conditions in CEL over facts in JSON.
//!
//! * Whole numbers and fractions compare with each other; a fact that is not there makes a condition false, never an error of ours.
//! * All facts are fetched before a condition is evaluated; evaluating asks nothing of the world.

use std::{collections::HashMap, sync::Arc};

use cel::{Context, Env, Program};
use serde_json::Value;

use crate::format::parse_moment;

/// Reads a condition.
///
/// # Errors
/// What the parser says about it.
pub(crate) fn compile(text: &str) -> Result<Program, String> {
    Program::compile(text).map_err(|errors| {
        // The parser tells every consequence of a mistake, with drawings; its first sentence is the mistake.
        let all = errors.to_string();
        all.lines().next().unwrap_or_default().trim_start_matches("ERROR: <input>:").to_owned()
    })
}

/// Whether a condition holds. One that cannot be evaluated, because a fact is missing or of another type, does not hold.
pub(crate) fn holds(text: &str, facts: &Value) -> bool {
    evaluate(text, facts) == Some(cel::Value::Bool(true))
}

fn evaluate(text: &str, facts: &Value) -> Option<cel::Value> {
    let program = compile(text).ok()?;
    let mut context = Context::with_env(Arc::new(Env::stdlib()));
    if let Value::Object(fields) = facts {
        for (name, value) in fields {
            context.add_variable_from_value(name.clone(), to_cel(value));
        }
    }
    match program.execute(&context) {
        Ok(value) => Some(value),
        Err(error) => {
            tracing::debug!(condition = text, %error, "a condition has no value");
            None
        }
    }
}

fn to_cel(value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(b) => cel::Value::Bool(*b),
        Value::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(whole), _) => cel::Value::Int(whole),
            (None, Some(large)) => cel::Value::UInt(large),
            (None, None) => cel::Value::Float(n.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(to_cel).collect::<Vec<_>>().into(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), to_cel(value)))
            .collect::<HashMap<_, _>>()
            .into(),
    }
}

/// The event time in milliseconds that `>= 2026-05-01 09:10:00`, or `>= 600s` after `start`, asks for.
pub(crate) fn goal_of_watermark(text: &str, start: i64) -> Option<i64> {
    let goal = text.trim().strip_prefix(">=")?.trim();
    match goal.strip_suffix('s') {
        Some(seconds) => Some(start + seconds.trim().parse::<i64>().ok()?.checked_mul(1000)?),
        None => parse_moment(goal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    #[rustfmt::skip]
    fn conditions_over_json_facts() {
        let facts = json!({
            "actual": {"records": 3, "ndcg": 0.41, "exists": true, "error": null, "data": [{"n": 5}], "list": ["a1", "b2", "a3"]},
            "expected": {"rows": 2},
            "value": 7,
        });
        for (text, expected) in [
            ("actual.records == 3",                         true),
            ("actual.records == expected.rows * 6",         false),
            ("actual.ndcg >= 0.4 && actual.ndcg < 1",       true),
            ("value > 6.5",                                 true),
            ("value == 7.0",                                true),
            ("!actual.exists",                              false),
            ("actual.data[0].n < 6",                        true),
            ("actual.data[3].n < 6",                        false),
            ("actual.nothing > 1",                          false),
            ("nobody",                                      false),
            ("actual.error == null",                        true),
            ("size(actual.list.filter(i, i.startsWith('a'))) >= 2", true),
            ("actual.list.all(i, i.matches('^[ab]'))",      true),
        ] {
            assert_eq!(holds(text, &facts), expected, "{text}");
        }
    }

    #[test]
    fn a_condition_that_cannot_be_read_is_told() {
        assert!(compile("actual. >= ").is_err());
        assert!(compile("actual.x >= 1").is_ok());
    }

    #[test]
    fn a_goal_is_a_moment_or_a_length_of_stream_time() {
        assert_eq!(goal_of_watermark(">= 1970-01-01 00:01:00", 7), Some(60_000));
        assert_eq!(goal_of_watermark(">= 600s", 7), Some(600_007));
        assert_eq!(goal_of_watermark("600", 7), None);
    }
}

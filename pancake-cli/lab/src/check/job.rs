//! `job:` does it run, and what has it read, written, dropped?

use serde_json::{Value, json};

use super::{Finding, Judge};
use crate::{
    format::{JobCheck, show_moment},
    world::{JobFacts, WorldResult},
};

pub(super) fn find(check: &JobCheck, judge: &Judge<'_>) -> WorldResult<Finding> {
    let name = judge.substitute(&check.name);
    let expected = judge.wanted(&[
        ("rows_in", check.rows_in.as_ref()),
        ("rows_out", check.rows_out.as_ref()),
        ("malformed", check.malformed.as_ref()),
        ("late_rows", check.late_rows.as_ref()),
    ]);
    let Some(job) = judge.world.job(&name)? else {
        let actual = json!({"exists": false, "name": name});
        return Ok(Finding { actual, expected, ..Finding::default() });
    };
    let holds = check.state.as_ref().is_none_or(|states| states.0.contains(&job.state))
        && judge.within(check.rows_in.as_ref(), job.rows_in)
        && judge.within(check.rows_out.as_ref(), job.rows_out)
        && judge.within(check.malformed.as_ref(), job.malformed)
        && judge.within(check.late_rows.as_ref(), job.late.rows);
    Ok(Finding { holds, actual: facts(&job), expected, ..Finding::default() })
}

/// A job as conditions and messages see it; the watermark is text, so that it can be shown.
pub(super) fn facts(job: &JobFacts) -> Value {
    let mut facts = serde_json::to_value(job).unwrap_or_default();
    if let Value::Object(fields) = &mut facts {
        let shown =
            job.watermark.filter(|w| w.millis() != i64::MAX).map(|w| show_moment(w.millis()));
        fields.insert("watermark".into(), shown.map_or(Value::Null, Value::from));
        fields.insert("watermark_ms".into(), json!(job.watermark));
        fields.insert("exists".into(), json!(true));
    }
    facts
}

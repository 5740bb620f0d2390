//! `query:` the rows of a bounded query, beside those that it must give.

use serde_json::{Map, Value, json};

use super::{Finding, Judge, compare};
use crate::{
    condition,
    format::{Equals, QueryCheck},
    world::{Rows, WorldResult},
};

/// A check looks at this many rows at most.
const ROWS_MAX: usize = 100_000;

/// How many rows a report carries.
const ROWS_SHOWN_MAX: usize = 20;

pub(super) fn find(check: &QueryCheck, judge: &Judge<'_>) -> WorldResult<Finding> {
    let rows = judge.world.query(&judge.substitute(&check.sql), ROWS_MAX)?;
    let mut finding = Finding {
        holds: judge.within(check.rows.as_ref(), rows.data.len()) && !rows.truncated,
        actual: facts(&rows),
        expected: judge.wanted(&[("rows", check.rows.as_ref())]),
        ..Finding::default()
    };
    if let Some(every) = &check.every {
        let misfit = rows
            .data
            .iter()
            .position(|row| !condition::holds(every, &json!({"row": by_column(&rows, row)})));
        finding.holds &= misfit.is_none();
        let first =
            misfit.and_then(|at| rows.data.get(at)).map(|row| compare::in_words(&rows, row));
        finding.diff = json!({"rows": u64::from(misfit.is_some()), "first": first});
    }
    if let Some(equals) = &check.equals {
        let wanted = match wanted(equals, judge) {
            Ok(wanted) => wanted,
            Err(why) => return Ok(Finding { instead: Some(why), ..finding }),
        };
        let diff = compare::compare(&rows, &wanted, check.ignore_order, check.tolerance);
        finding.holds &= diff.rows == 0;
        finding.expected = json!({"rows": wanted.len(), "data": shown(&rows, &wanted)});
        finding.diff = json!({"rows": diff.rows, "first": diff.first});
    }
    Ok(finding)
}

/// Rows as conditions and messages see them.
pub(super) fn facts(rows: &Rows) -> Value {
    json!({"rows": rows.data.len(), "data": shown(rows, &rows.data), "truncated": rows.truncated})
}

fn shown(rows: &Rows, data: &[Vec<Value>]) -> Vec<Value> {
    data.iter().take(ROWS_SHOWN_MAX).map(|row| by_column(rows, row)).collect()
}

fn by_column(rows: &Rows, row: &[Value]) -> Value {
    let named =
        rows.columns.iter().zip(row).map(|(column, value)| (column.name.clone(), number(value)));
    Value::Object(named.collect::<Map<_, _>>())
}

/// Decimals travel as text; conditions want to compare them.
fn number(value: &Value) -> Value {
    let parsed = value.as_str().filter(|text| {
        text.starts_with(|c: char| c.is_ascii_digit() || c == '-') && text.contains('.')
    });
    match parsed.and_then(|text| text.parse::<f64>().ok()) {
        Some(n) => json!(n),
        None => value.clone(),
    }
}

fn wanted(equals: &Equals, judge: &Judge<'_>) -> Result<Vec<Vec<Value>>, String> {
    match equals {
        Equals::Rows(rows) => Ok(rows.clone()),
        Equals::File(file) => {
            let bytes = judge.lab.expected.get(file).ok_or_else(|| format!("{file} is missing"))?;
            compare::read_csv(bytes).map_err(|why| format!("{file}: {why}"))
        }
    }
}

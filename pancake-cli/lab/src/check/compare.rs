//! Comparing rows: as lists or as multisets, with a tolerance for numbers, and the first difference in words.
//!
//! * Two values are equal if they are the same moment, numbers within the tolerance, or the same text; an empty field of a CSV
//!   file is null.
//! * A row that differs only in its numbers counts once, not as one missing and one too many.

use serde_json::Value;

use crate::{
    format::{parse_moment, show_moment},
    world::Rows,
};

/// How two sets of rows differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Diff {
    /// How many rows.
    pub(super) rows: usize,
    /// The first, in words.
    pub(super) first: Option<String>,
}

pub(super) fn compare(
    rows: &Rows,
    wanted: &[Vec<Value>],
    ignore_order: bool,
    tolerance: f64,
) -> Diff {
    let got: Vec<&[Value]> = rows.data.iter().map(Vec::as_slice).collect();
    let want: Vec<&[Value]> = wanted.iter().map(Vec::as_slice).collect();
    let (missing, extra) = if ignore_order {
        multiset(&want, &got, tolerance)
    } else {
        in_order(&want, &got, tolerance)
    };
    let first = match (missing.first(), missing.first().and_then(|m| partner(m, &extra))) {
        (Some(missing), Some(extra)) => Some(changed(rows, missing, extra, tolerance)),
        (Some(missing), None) => Some(format!("the row {} is missing", in_words(rows, missing))),
        (None, _) => extra
            .first()
            .map(|extra| format!("the row {} should not be there", in_words(rows, extra))),
    };
    Diff { rows: missing.len().max(extra.len()), first }
}

type Unmatched<'a> = (Vec<&'a [Value]>, Vec<&'a [Value]>);

fn in_order<'a>(want: &[&'a [Value]], got: &[&'a [Value]], tolerance: f64) -> Unmatched<'a> {
    let mut unmatched: Unmatched<'a> = (Vec::new(), Vec::new());
    for index in 0..want.len().max(got.len()) {
        let (want, got) = (want.get(index), got.get(index));
        if want.zip(got).is_some_and(|(w, g)| same_row(w, g, tolerance)) {
            continue;
        }
        unmatched.0.extend(want);
        unmatched.1.extend(got);
    }
    unmatched
}

fn multiset<'a>(want: &[&'a [Value]], got: &[&'a [Value]], tolerance: f64) -> Unmatched<'a> {
    let (mut want, mut got) = (want.to_vec(), got.to_vec());
    want.sort_by_cached_key(|row| sort_key(row));
    got.sort_by_cached_key(|row| sort_key(row));
    let mut missing = Vec::new();
    let mut left: Vec<Option<&[Value]>> = got.into_iter().map(Some).collect();
    // Sorted alike, an equal row lies at or just after where the last one was found.
    let mut from = 0;
    for row in want {
        let found = (from..left.len()).take(WINDOW).find(|at| {
            left.get(*at).copied().flatten().is_some_and(|g| same_row(row, g, tolerance))
        });
        match found.and_then(|at| left.get_mut(at)) {
            Some(slot) => *slot = None,
            None => missing.push(row),
        }
        while left.get(from).is_some_and(|slot| slot.is_none_or(|g| sort_key(g) < sort_key(row))) {
            from += 1;
        }
    }
    (missing, left.into_iter().flatten().collect())
}

/// How far apart two equal rows may lie after sorting, when a tolerance lets numbers differ.
const WINDOW: usize = 1000;

/// Text first, then numbers: rows that only differ in numbers stay together.
fn sort_key(row: &[Value]) -> (Vec<String>, Vec<String>) {
    let (numbers, texts): (Vec<&Value>, Vec<&Value>) =
        row.iter().partition(|v| number(v).is_some());
    let texts = texts.into_iter().map(canonical).collect();
    let numbers =
        numbers.into_iter().filter_map(number).map(|n| format!("{:030.9}", n + 1e15)).collect();
    (texts, numbers)
}

fn same_row(a: &[Value], b: &[Value], tolerance: f64) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b, tolerance))
}

fn same(a: &Value, b: &Value, tolerance: f64) -> bool {
    match (number(a), number(b)) {
        (Some(a), Some(b)) => (a - b).abs() <= tolerance,
        _ => canonical(a) == canonical(b),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|n: &f64| n.is_finite()),
        _ => None,
    }
}

fn canonical(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => match parse_moment(text) {
            Some(moment) => show_moment(moment),
            None => text.clone(),
        },
        other => other.to_string(),
    }
}

/// The row that is meant by a missing one: the same in every text, different in numbers only.
fn partner<'a>(missing: &[Value], extra: &[&'a [Value]]) -> Option<&'a [Value]> {
    let key = sort_key(missing).0;
    extra.iter().copied().find(|row| row.len() == missing.len() && sort_key(row).0 == key)
}

fn changed(rows: &Rows, want: &[Value], got: &[Value], tolerance: f64) -> String {
    let name = |at: usize| rows.columns.get(at).map_or("?", |c| c.name.as_str());
    let pairs = || want.iter().zip(got).enumerate();
    let equal: Vec<String> = pairs()
        .filter(|(_, (w, g))| same(w, g, tolerance))
        .map(|(at, (_, g))| format!("{} {}", name(at), canonical(g)))
        .collect();
    let other: Vec<String> = pairs()
        .filter(|(_, (w, g))| !same(w, g, tolerance))
        .map(|(at, (w, g))| format!("{} is {}, not {}", name(at), canonical(g), canonical(w)))
        .collect();
    if equal.is_empty() {
        other.join(", ")
    } else {
        format!("{}: {}", equal.join(", "), other.join(", "))
    }
}

/// A row in words: `stand north, n 3`.
pub(super) fn in_words(rows: &Rows, row: &[Value]) -> String {
    let cells = row.iter().enumerate().map(|(at, value)| {
        let name = rows.columns.get(at).map_or("?", |c| c.name.as_str());
        format!("{name} {}", if value.is_null() { "null".into() } else { canonical(value) })
    });
    cells.collect::<Vec<_>>().join(", ")
}

/// The rows of a CSV file with a header; the header is for the reader, columns go by their place.
pub(super) fn read_csv(bytes: &[u8]) -> Result<Vec<Vec<Value>>, String> {
    csv::Reader::from_reader(bytes)
        .records()
        .map(|record| {
            let record = record.map_err(|e| e.to_string())?;
            let value =
                |field: &str| if field.is_empty() { Value::Null } else { Value::from(field) };
            Ok(record.iter().map(value).collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::ColumnFacts;
    use serde_json::json;

    fn rows(data: Value) -> Rows {
        let columns = ["at", "stand", "n"]
            .map(|name| ColumnFacts { name: name.into(), r#type: "STRING".into() })
            .to_vec();
        Rows { columns, data: serde_json::from_value(data).unwrap(), truncated: false }
    }

    const CSV: &[u8] = b"at,stand,n\n2026-05-01 09:00:00,north,3\n2026-05-01 09:00:00,south,4\n2026-05-01 09:01:00,north,5\n";

    #[track_caller]
    fn check_diff(data: Value, tolerance: f64, expected: (usize, Option<&str>)) {
        let diff = compare(&rows(data), &read_csv(CSV).unwrap(), true, tolerance);
        assert_eq!((diff.rows, diff.first.as_deref()), expected);
    }

    #[test]
    fn order_and_spelling_do_not_matter_but_numbers_do() {
        let (a, b, c) = (
            json!(["2026-05-01 09:01:00.000", "north", 5]),
            json!(["2026-05-01T09:00:00", "south", 4.0]),
            json!(["2026-05-01 09:00:00", "north", "3"]),
        );
        check_diff(json!([a, b, c]), 0.0, (0, None));
        check_diff(
            json!([a, b, ["2026-05-01 09:00:00", "north", 2]]),
            0.0,
            (1, Some("at 2026-05-01 09:00:00, stand north: n is 2, not 3")),
        );
        check_diff(json!([a, b, ["2026-05-01 09:00:00", "north", 2]]), 1.0, (0, None));
        check_diff(
            json!([a, b]),
            0.0,
            (1, Some("the row at 2026-05-01 09:00:00, stand north, n 3 is missing")),
        );
        check_diff(
            json!([a, b, c, c]),
            0.0,
            (1, Some("the row at 2026-05-01 09:00:00, stand north, n 3 should not be there")),
        );
    }

    #[test]
    fn a_list_is_compared_place_by_place() {
        let got = rows(json!([["a", "x", 1], ["b", "x", 2]]));
        let want =
            vec![vec![json!("b"), json!("x"), json!(2)], vec![json!("a"), json!("x"), json!(1)]];
        assert_eq!(compare(&got, &want, false, 0.0).rows, 2);
        assert_eq!(compare(&got, &want, true, 0.0).rows, 0);
    }

    proptest::proptest! {
        #[test]
        fn any_order_is_the_same_multiset_and_one_change_is_one_difference(
            numbers in proptest::collection::vec((0_u8..4, -50_i64..50), 1..40),
            seed in 0_usize..1000,
        ) {
            let want: Vec<Vec<Value>> =
                numbers.iter().map(|(stand, n)| vec![json!("x"), json!(format!("s{stand}")), json!(n)]).collect();
            let mut got = want.clone();
            got.rotate_left(seed % want.len());
            got.reverse();
            proptest::prop_assert_eq!(compare(&rows(json!(got)), &want, true, 0.0), Diff::default());
            let changed = seed % got.len();
            got[changed][2] = json!(1_000);
            proptest::prop_assert_eq!(compare(&rows(json!(got)), &want, true, 0.0).rows, 1);
        }
    }
}

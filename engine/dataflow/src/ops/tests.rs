//! Operators one at a time, against tables of what must come out.

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int32Array, Int64Array, RecordBatch,
        StringArray, TimestampMillisecondArray,
    },
    datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit},
    util::display::array_value_to_string,
};
use pancake_types::Watermark;

use super::*;
use crate::{ChangeBatch, Operator, OperatorError, OperatorState, Output, RowKind, SubtaskContext};

/// Shorthand for a row of input: kind, key, value; time and the rest follow from these.
type In = (RowKind, Option<&'static str>, Option<i64>);

const ADD: RowKind = RowKind::Insert;
const GONE: RowKind = RowKind::Delete;

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("ts", DataType::Timestamp(TimeUnit::Millisecond, None), true),
        Field::new("key", DataType::Utf8, true),
        Field::new("big", DataType::Int64, true),
        Field::new("small", DataType::Int32, true),
        Field::new("double", DataType::Float64, true),
        Field::new("price", DataType::Decimal128(10, 2), true),
        Field::new("even", DataType::Boolean, true),
    ]))
}

fn batch(rows: &[In]) -> ChangeBatch {
    let values = || rows.iter().map(|row| row.2);
    let price = values().map(|v| v.map(i128::from)).collect::<Decimal128Array>();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(values().collect::<TimestampMillisecondArray>()),
        Arc::new(rows.iter().map(|row| row.1).collect::<StringArray>()),
        Arc::new(values().collect::<Int64Array>()),
        Arc::new(values().map(|v| v.map(|v| v as i32)).collect::<Int32Array>()),
        Arc::new(values().map(|v| v.map(|v| v as f64)).collect::<Float64Array>()),
        Arc::new(price.with_precision_and_scale(10, 2).unwrap()),
        Arc::new(values().map(|v| v.map(|v| v % 2 == 0)).collect::<BooleanArray>()),
    ];
    let kinds: Vec<RowKind> = rows.iter().map(|row| row.0).collect();
    ChangeBatch::with_kinds(RecordBatch::try_new(schema(), columns).unwrap(), &kinds).unwrap()
}

fn call(function: AggregateFunction, column: Option<usize>) -> AggregateCall {
    let name = format!("{}_{}", function.name(), column.unwrap_or_default());
    AggregateCall { function, column, distinct: false, filter: None, name }
}

/// What was emitted, one line per row: `+I a 1 2`.
fn printed(out: &mut Output) -> Vec<String> {
    let mut lines = Vec::new();
    for batch in out.take_batches() {
        for row in 0..batch.num_rows() {
            let mut line = batch.kind(row).to_string();
            for column in batch.rows().columns() {
                let value = array_value_to_string(column, row).unwrap();
                line.push(' ');
                line.push_str(if column.is_null(row) { "null" } else { &value });
            }
            lines.push(line);
        }
    }
    lines
}

fn grouped(aggregates: Vec<AggregateCall>, keys: &[usize], retracts: bool) -> GroupAggregate {
    let spec = GroupAggregateSpec { input: schema(), keys: keys.to_vec(), aggregates, retracts };
    GroupAggregate::new(spec).unwrap()
}

#[track_caller]
fn check_batch(operator: &mut dyn Operator, rows: &[In], expected: &[&str]) {
    let mut out = Output::new();
    operator.on_batch(0, batch(rows), &mut out).unwrap();
    assert_eq!(printed(&mut out), expected);
}

/// Snapshots an operator and restores it into others at another parallelism.
fn rescaled<O: Operator>(from: &mut O, make: impl Fn() -> O, parallelism: usize) -> Vec<O> {
    let state = from.snapshot().unwrap();
    let new = |subtask| {
        let context = SubtaskContext { subtask, parallelism };
        let owned = |group: u16| crate::hash::subtask_of(group, context.parallelism) == subtask;
        let keyed = state.keyed.iter().filter(|(group, _)| owned(*group)).cloned().collect();
        let plain = if subtask == 0 { state.plain.clone() } else { Vec::new() };
        let mut operator = make();
        operator.restore(OperatorState { keyed, plain }).unwrap();
        operator
    };
    (0..parallelism).map(new).collect()
}

#[test]
fn every_function_keeps_flinks_types_and_rules() {
    use AggregateFunction::{Avg, Count, CountStar, Max, Min, Sum};
    let aggregates = vec![
        call(CountStar, None),
        call(Count, Some(2)),
        call(Sum, Some(3)),
        call(Avg, Some(2)),
        call(Avg, Some(4)),
        call(Avg, Some(5)),
        call(Sum, Some(5)),
        call(Min, Some(0)),
        call(Max, Some(4)),
        call(Max, Some(1)),
        call(Min, Some(6)),
    ];
    let mut operator = grouped(aggregates, &[1], false);
    let rows = [(ADD, Some("a"), Some(-3)), (ADD, Some("a"), None), (ADD, Some("a"), Some(-4))];
    let nulls = [(ADD, None, None)];
    check_batch(
        &mut operator,
        &rows,
        // AVG(BIGINT) of −7/2 is −3, truncated; AVG(DECIMAL(10,2)) of −0.035 has six decimals.
        &["+I a 3 2 -7 -3 -3.5 -0.035000 -0.07 1969-12-31T23:59:59.996 -3.0 a false"],
    );
    check_batch(
        &mut operator,
        &nulls,
        &["+I null 1 0 null null null null null null null null null"],
    );
    let types: Vec<String> = operator_types();
    assert_eq!(types[3..8].join(" "), "Int32 Int64 Float64 Decimal128(38, 6) Decimal128(38, 2)");
}

fn operator_types() -> Vec<String> {
    use AggregateFunction::{Avg, Count, CountStar, Sum};
    let aggregates = vec![
        call(CountStar, None),
        call(Count, Some(2)),
        call(Sum, Some(3)),
        call(Avg, Some(2)),
        call(Avg, Some(4)),
        call(Avg, Some(5)),
        call(Sum, Some(5)),
    ];
    let spec = GroupAggregateSpec { input: schema(), keys: vec![1], aggregates, retracts: false };
    let schema = spec.output_schema().unwrap();
    schema.fields().iter().map(|field| field.data_type().to_string()).collect()
}

#[test]
fn updates_carry_the_row_before_and_nothing_when_nothing_changed() {
    let aggregates = vec![call(AggregateFunction::Max, Some(2))];
    let mut operator = grouped(aggregates, &[1], false);
    check_batch(&mut operator, &[(ADD, Some("a"), Some(5))], &["+I a 5"]);
    check_batch(&mut operator, &[(ADD, Some("a"), Some(4))], &[]);
    check_batch(
        &mut operator,
        &[(ADD, Some("b"), Some(1)), (ADD, Some("a"), Some(6)), (ADD, Some("a"), Some(9))],
        &["+I b 1", "-U a 5", "+U a 9"],
    );
}

#[test]
fn rows_can_be_taken_back() {
    use AggregateFunction::{CountStar, Max, Min, Sum};
    let aggregates =
        vec![call(CountStar, None), call(Sum, Some(2)), call(Min, Some(2)), call(Max, Some(1))];
    let mut operator = grouped(aggregates, &[1], true);
    let rows = [(ADD, Some("a"), Some(1)), (ADD, Some("a"), Some(5)), (ADD, Some("a"), Some(1))];
    check_batch(&mut operator, &rows, &["+I a 3 7 1 a"]);
    check_batch(&mut operator, &[(GONE, Some("a"), Some(1))], &["-U a 3 7 1 a", "+U a 2 6 1 a"]);
    check_batch(
        &mut operator,
        &[(RowKind::UpdateBefore, Some("a"), Some(1)), (RowKind::UpdateAfter, Some("a"), Some(7))],
        &["-U a 2 6 1 a", "+U a 2 12 5 a"],
    );
    let all = [(GONE, Some("a"), Some(5)), (GONE, Some("a"), Some(7))];
    check_batch(&mut operator, &all, &["-D a 2 12 5 a"]);
    check_batch(&mut operator, &[(ADD, Some("a"), Some(2))], &["+I a 1 2 2 a"]);
    assert_eq!(operator.gauges().keys, 1);

    let mut plain = grouped(vec![call(CountStar, None)], &[1], false);
    let refused = plain.on_batch(0, batch(&[(GONE, Some("a"), Some(1))]), &mut Output::new());
    assert!(matches!(refused, Err(OperatorError::Retraction { kind: GONE, .. })), "{refused:?}");
}

#[test]
fn distinct_and_filter_choose_the_rows() {
    use AggregateFunction::{Avg, Count, CountStar, Sum};
    let mut distinct = [call(Count, Some(2)), call(Sum, Some(2)), call(Avg, Some(4))];
    for call in &mut distinct {
        call.distinct = true;
    }
    let mut filtered = call(CountStar, None);
    filtered.filter = Some(6);
    let [count, sum, mut average] = distinct;
    average.filter = Some(6);
    let mut operator = grouped(vec![count, sum, average, filtered], &[], true);
    let rows = [
        (ADD, None, Some(2)),
        (ADD, None, Some(2)),
        (ADD, None, Some(3)),
        (ADD, None, None),
        (ADD, None, Some(8)),
    ];
    check_batch(&mut operator, &rows, &["+I 3 13 5.0 3"]);
    check_batch(&mut operator, &[(GONE, None, Some(2))], &["-U 3 13 5.0 3", "+U 3 13 5.0 2"]);
    check_batch(&mut operator, &[(GONE, None, Some(2))], &["-U 3 13 5.0 2", "+U 2 11 8.0 1"]);
    let rest = [(GONE, None, Some(3)), (GONE, None, None), (GONE, None, Some(8))];
    // The one group of a query without keys stays.
    check_batch(&mut operator, &rest, &["-U 2 11 8.0 1", "+U 0 null null 0"]);
}

#[test]
fn unbounded_groups_survive_a_snapshot_at_another_parallelism() {
    use AggregateFunction::{Avg, CountStar, Max};
    let make = || {
        let mut distinct = call(AggregateFunction::Count, Some(2));
        distinct.distinct = true;
        let calls = vec![call(CountStar, None), call(Max, Some(1)), call(Avg, Some(5)), distinct];
        grouped(calls, &[1, 2], true)
    };
    let mut before = make();
    let rows: Vec<In> = (0..40)
        .map(|n| (ADD, ["a", "b", "c"].get(n % 4).copied(), Some((n % 10) as i64)))
        .collect();
    before.on_batch(0, batch(&rows), &mut Output::new()).unwrap();
    let mut again = Output::new();
    before.on_batch(0, batch(&rows), &mut again).unwrap();
    let mut expected = printed(&mut again);
    expected.sort();
    for parallelism in [1, 2, 3] {
        let mut one = make();
        one.on_batch(0, batch(&rows), &mut Output::new()).unwrap();
        let mut parts = rescaled(&mut one, make, parallelism);
        let mut lines = Vec::new();
        for row in &rows {
            let group = hash_of(row);
            let subtask = crate::hash::subtask_of(group, parallelism);
            let mut out = Output::new();
            parts[subtask].on_batch(0, batch(&[*row]), &mut out).unwrap();
            lines.extend(printed(&mut out));
        }
        // Every row was counted on top of the restored state: each key ends at twice its rows.
        let last = |line: &&String| line.starts_with("+U");
        let counts: usize = lines.iter().filter(last).count();
        assert_eq!(counts, rows.len());
        let keys: u64 = parts.iter().map(|part| part.gauges().keys).sum();
        assert_eq!(keys, 20);
        for line in expected.iter().filter(last) {
            assert!(lines.contains(line), "{line} is missing");
        }
    }
}

fn hash_of(row: &In) -> u16 {
    let batch = batch(&[*row]);
    let columns = [batch.column(1).unwrap(), batch.column(2).unwrap()];
    let mut hashes = Vec::new();
    crate::hash::hash_rows(&columns, 1, &mut hashes).unwrap();
    crate::hash::key_group(hashes[0])
}

fn windowed(window: WindowKind, keys: &[usize]) -> WindowAggregate {
    WindowAggregate::new(WindowAggregateSpec {
        input: schema(),
        rowtime: 0,
        window,
        offset_ms: 0,
        keys: keys.to_vec(),
        aggregates: vec![call(AggregateFunction::CountStar, None)],
    })
    .unwrap()
}

fn at(key: &'static str, ms: i64) -> In {
    (ADD, Some(key), Some(ms))
}

#[track_caller]
fn check_mark(operator: &mut dyn Operator, mark: i64, expected: &[&str]) {
    let mut out = Output::new();
    operator.on_watermark(Watermark::from_millis(mark), &mut out).unwrap();
    // The end of a window is the column before the last.
    let short = |line: &String| {
        let words: Vec<&str> = line.split(' ').collect();
        let seconds = |text: &str| text.trim_start_matches("1970-01-01T00:00:").to_owned();
        let from = words.len() - 3;
        format!(
            "{} [{}, {})",
            words[1..from].join(" "),
            seconds(words[from]),
            seconds(words[from + 1])
        )
    };
    assert_eq!(printed(&mut out).iter().map(short).collect::<Vec<_>>(), expected);
}

#[test]
fn a_window_fires_when_the_watermark_reaches_its_end() {
    let mut operator = windowed(WindowKind::Tumble { size_ms: 10_000 }, &[1]);
    let rows = [at("b", 12_000), at("b", 1_000), at("a", 9_999), at("b", 0)];
    check_batch(&mut operator, &rows, &[]);
    assert_eq!(operator.gauges().windows_open, 2);
    check_mark(&mut operator, 9_998, &[]);
    check_mark(&mut operator, 9_999, &["a 1 [00, 10)", "b 2 [00, 10)"]);
    check_mark(&mut operator, 9_999, &[]);
    check_batch(&mut operator, &[at("a", 9_000), at("a", 10_000), (ADD, Some("a"), None)], &[]);
    assert_eq!(operator.gauges().late_rows, 2);
    check_mark(&mut operator, i64::MAX, &["a 1 [10, 20)", "b 1 [10, 20)"]);
    assert_eq!((operator.gauges().windows_open, operator.gauges().keys), (0, 0));
}

#[test]
fn hopping_windows_share_their_panes() {
    let mut operator = windowed(WindowKind::Hop { size_ms: 10_000, slide_ms: 5_000 }, &[]);
    check_batch(&mut operator, &[at("a", 11_000), at("b", 16_000), at("c", 42_000)], &[]);
    assert_eq!(operator.gauges().windows_open, 5);
    check_mark(&mut operator, 19_999, &["1 [05, 15)", "2 [10, 20)"]);
    assert_eq!(operator.gauges().windows_open, 3);
    check_mark(&mut operator, i64::MAX, &["1 [15, 25)", "1 [35, 45)", "1 [40, 50)"]);
}

#[test]
fn cumulating_windows_start_together() {
    let kind = WindowKind::Cumulate { step_ms: 2_000, size_max_ms: 6_000 };
    let mut operator = windowed(kind, &[]);
    check_batch(&mut operator, &[at("a", 1_000), at("b", 3_000), at("c", 9_000)], &[]);
    check_mark(&mut operator, 3_999, &["1 [00, 02)", "2 [00, 04)"]);
    check_mark(&mut operator, i64::MAX, &["2 [00, 06)", "1 [06, 10)", "1 [06, 12)"]);
}

#[test]
fn panes_of_windows_that_fired_in_part_are_restored_as_such() {
    let make = || windowed(WindowKind::Hop { size_ms: 10_000, slide_ms: 5_000 }, &[1]);
    let mut before = make();
    check_batch(&mut before, &[at("a", 6_000), at("b", 6_000), at("a", 1_000)], &[]);
    check_mark(
        &mut before,
        9_999,
        &["a 1 [55, 05)", "a 2 [00, 10)", "b 1 [00, 10)"]
            .map(|line: &str| line.replace("[55", "[1969-12-31T23:59:55"))
            .each_ref()
            .map(String::as_str),
    );
    for parallelism in [1, 2, 5] {
        let mut fired = Vec::new();
        for mut part in rescaled(&mut before, make, parallelism) {
            let mut out = Output::new();
            part.on_watermark(Watermark::from_millis(9_999), &mut out).unwrap();
            assert_eq!(printed(&mut out).len(), 0, "a window fired twice");
            part.on_watermark(Watermark::MAX, &mut out).unwrap();
            fired.extend(printed(&mut out));
        }
        assert_eq!(fired.len(), 2, "{fired:?}");
    }
}

#[test]
fn windows_that_cannot_be_cut_are_refused() {
    let spec = |window| WindowAggregateSpec {
        input: schema(),
        rowtime: 0,
        window,
        offset_ms: 0,
        keys: vec![],
        aggregates: vec![],
    };
    for window in [
        WindowKind::Tumble { size_ms: 0 },
        WindowKind::Hop { size_ms: 10, slide_ms: 3 },
        WindowKind::Cumulate { step_ms: 20, size_max_ms: 10 },
    ] {
        let refused = WindowAggregate::new(spec(window));
        assert!(matches!(refused, Err(OperatorError::Window { .. })), "{window:?}");
    }
}

#[test]
fn times_at_the_ends_of_the_range_overflow_nothing() {
    let mut operator = windowed(WindowKind::Hop { size_ms: 10_000, slide_ms: 5_000 }, &[]);
    operator
        .on_batch(0, batch(&[at("a", i64::MAX), at("a", i64::MIN)]), &mut Output::new())
        .unwrap();
    assert!(operator.gauges().windows_open > 0);
    operator.on_watermark(Watermark::MAX, &mut Output::new()).unwrap();
    assert_eq!(operator.gauges().windows_open, 0);
}

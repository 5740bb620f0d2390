//! Event time per split: cutting, idleness, re-activation, restore.

use std::sync::Arc;

use arrow::{
    array::{Int64Array, RecordBatch},
    datatypes::{Field, Schema},
};

use super::*;

fn clocks(delay_ms: i64, idle_ms: Option<u64>, splits: &[&str]) -> SplitClocks {
    let idle_timeout = idle_ms.map(Duration::from_millis);
    let mut clocks =
        SplitClocks::new(Some(WatermarkStrategy { rowtime: 0, delay_ms, idle_timeout }));
    for split in splits {
        clocks.add(&SplitId::new(*split));
    }
    clocks
}

/// Feeds rows of a split; returns the lengths of the pieces and what was handed on last.
fn feed(clocks: &mut SplitClocks, split: &str, times: &[i64]) -> (Vec<usize>, Combined) {
    let schema = Arc::new(Schema::new(vec![Field::new("ts", DataType::Int64, true)]));
    let column: ArrayRef = Arc::new(Int64Array::from(times.to_vec()));
    let batch = ChangeBatch::from(RecordBatch::try_new(schema, vec![column]).unwrap());
    let split = SplitId::new(split);
    let pieces = clocks.observe(&split, &batch).unwrap();
    let mut last = Combined::Unchanged;
    for piece in &pieces {
        clocks.raise(&split, piece.mark);
        let combined = clocks.combine();
        last = if combined == Combined::Unchanged { last } else { combined };
    }
    (pieces.iter().map(|piece| piece.length).collect(), last)
}

const fn advanced(ms: i64) -> Combined {
    Combined::Advanced(Watermark::from_millis(ms))
}

#[test]
fn a_batch_is_cut_only_before_late_rows() {
    let mut clocks = clocks(10, None, &["a"]);
    assert_eq!(feed(&mut clocks, "a", &[100, 95, 120, 111, 110, 130, 100]).0, [4, 2, 1]);
    // A run of late rows is cut off once; rows that an earlier batch made late need no cut.
    assert_eq!(feed(&mut clocks, "a", &[50, 60, 140, 60, 70, 80, 141]).0, [3, 4]);
    assert_eq!(clocks.lateness_max_ms(), 80);
}

#[test]
fn the_slowest_split_holds_the_watermark() {
    let mut clocks = clocks(0, None, &["a", "b"]);
    assert_eq!(feed(&mut clocks, "a", &[100]).1, Combined::Unchanged);
    assert_eq!(feed(&mut clocks, "b", &[40]).1, advanced(40));
    clocks.finish(&SplitId::new("b"));
    assert_eq!(clocks.combine(), advanced(100));
}

#[test]
fn a_silent_split_holds_nothing_back_and_never_pulls_it_back() {
    let mut clocks = clocks(0, Some(1000), &["a", "b"]);
    clocks.pass(Duration::from_millis(600));
    feed(&mut clocks, "a", &[100]);
    assert_eq!(clocks.until_idle(), Some(Duration::from_millis(400)));
    clocks.pass(Duration::from_millis(400));
    assert_eq!(clocks.combine(), advanced(100));
    // The split comes back with old rows: the watermark stays.
    assert_eq!(feed(&mut clocks, "b", &[10]).1, Combined::Unchanged);
    assert_eq!(clocks.emitted(), Watermark::from_millis(100));
    // It holds it from then on, until it has caught up.
    assert_eq!(feed(&mut clocks, "a", &[200]).1, Combined::Unchanged);
    assert_eq!(feed(&mut clocks, "b", &[150]).1, advanced(150));
    clocks.pass(Duration::from_secs(1));
    assert_eq!(clocks.combine(), Combined::Idle);
    assert_eq!(clocks.combine(), Combined::Unchanged);
}

#[test]
fn a_restored_split_goes_on_where_it_was() {
    let mut before = clocks(5, Some(1000), &["a", "b"]);
    feed(&mut before, "a", &[100]);
    before.pass(Duration::from_secs(1));
    feed(&mut before, "a", &[300]);
    assert_eq!(before.emitted(), Watermark::from_millis(295));
    let mut after = clocks(5, Some(1000), &[]);
    for split in ["a", "b"].map(SplitId::new) {
        after.restore(&split, before.save(&split));
    }
    assert_eq!(after.emitted(), Watermark::from_millis(295));
    assert_eq!(after.combine(), Combined::Unchanged);
    // Late at once, as it would have been without the restart.
    assert_eq!(feed(&mut after, "a", &[301, 290]).0, [1, 1]);
}

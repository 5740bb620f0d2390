//! Pairs fold into the same set whatever their order, type and repetition.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, StringArray};

use super::*;

fn batch(users: ArrayRef, items: ArrayRef) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable([("user", users, true), ("item", items, true)])
        .unwrap()
}

#[test]
fn order_and_duplicates_do_not_matter() {
    let a = Interactions::from(&[("u2", "x"), ("u1", "y"), ("u2", "x")].into_iter().collect());
    let b = Interactions::from(&[("u1", "y"), ("u2", "x")].into_iter().collect());
    assert_eq!(a, b);
    assert_eq!(a.sha256(), b.sha256());
    assert_eq!(a.len(), 2);
    let c = Interactions::from(&[("u1", "x"), ("u2", "y")].into_iter().collect());
    assert_ne!(a.sha256(), c.sha256());
}

#[test]
fn both_sides_hold_the_same_pairs() {
    let rows = [("a", "x"), ("a", "z"), ("b", "y"), ("c", "x"), ("c", "y")];
    let seen = Interactions::from(&rows.into_iter().collect());
    assert_eq!(seen.by_user().list(0), [0, 2]);
    assert_eq!(seen.by_item().list(0), [0, 2]);
    assert_eq!(seen.by_item().list(1), [1, 2]);
    assert_eq!(seen.by_item().list(9), [0_u32; 0]);
    assert_eq!(seen.by_item().transposed(3), *seen.by_user());
    assert_eq!(seen.by_user().counts(3), [2, 2, 1]);
}

#[test]
fn numbers_and_text_are_the_same_ids_and_nulls_are_left_out() {
    let mut pairs = Pairs::default();
    let numbers = batch(
        Arc::new(Int32Array::from(vec![Some(7), None, Some(8)])),
        Arc::new(StringArray::from(vec!["1", "1", "2"])),
    );
    assert_eq!(pairs.push_batch(&numbers, "user", "item").unwrap(), 2);
    let text = batch(Arc::new(StringArray::from(vec!["7"])), Arc::new(Int32Array::from(vec![1])));
    assert_eq!(pairs.push_batch(&text, "user", "item").unwrap(), 1);
    assert_eq!(pairs.iter().collect::<Vec<_>>(), [("7", "1"), ("8", "2"), ("7", "1")]);
}

#[test]
fn a_wrong_column_is_named() {
    let rows =
        batch(Arc::new(Float64Array::from(vec![1.5])), Arc::new(StringArray::from(vec!["x"])));
    let missing = Pairs::default().push_batch(&rows, "usr", "item").unwrap_err();
    assert_eq!(missing.to_string(), "the rows have no column `usr`; they have `user`, `item`");
    let wrong = Pairs::default().push_batch(&rows, "user", "item").unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "column `user` has type Float64; an id is text or a whole number"
    );
}

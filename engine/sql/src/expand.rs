//! Rows once per window, with the window's columns: what a window function means without its GROUP BY.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, AsArray, RecordBatch, TimestampMillisecondArray, UInt32Array},
    compute::cast,
    datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit, TimestampMillisecondType},
};
use pancake_dataflow::{ChangeBatch, OperatorError, ops::WindowKind};

use crate::bind::window_ends;

type Step = Arc<dyn Fn(ChangeBatch) -> Result<ChangeBatch, OperatorError> + Send + Sync>;

const MILLIS: DataType = DataType::Timestamp(TimeUnit::Millisecond, None);

/// A step that repeats each row for each of its windows, and the schema that it makes.
pub(crate) fn windows(
    kind: WindowKind,
    offset_ms: i64,
    rowtime: usize,
    input: &SchemaRef,
) -> (Step, SchemaRef) {
    let data_type = input.fields().get(rowtime).map_or(MILLIS, |field| field.data_type().clone());
    let mut fields: Vec<Field> = input.fields().iter().map(|f| f.as_ref().clone()).collect();
    for name in ["window_start", "window_end", "window_time"] {
        fields.push(Field::new(name, data_type.clone(), false));
    }
    let schema = Arc::new(Schema::new(fields));
    let made = Arc::clone(&schema);
    let step = move |batch: ChangeBatch| {
        let Some(times) = batch.column(rowtime) else { return Ok(batch) };
        let times = cast(times, &MILLIS)?;
        let times = times.as_primitive::<TimestampMillisecondType>();
        let (mut rows, mut starts, mut ends) = (vec![], vec![], vec![]);
        for (row, time) in times.iter().enumerate() {
            let Some(time) = time else { continue };
            for end in window_ends(kind, offset_ms, time) {
                rows.push(row as u32);
                starts.push(start(kind, offset_ms, end));
                ends.push(end);
            }
        }
        let times = ends.iter().map(|end| end - 1).collect::<Vec<_>>();
        let repeated = batch.take(&UInt32Array::from(rows))?;
        let mut columns: Vec<ArrayRef> = repeated.rows().columns().to_vec();
        for values in [starts, ends, times] {
            columns.push(cast(&TimestampMillisecondArray::from(values), &data_type)?);
        }
        let rows = RecordBatch::try_new(Arc::clone(&made), columns)?;
        Ok(repeated.with_rows(rows)?)
    };
    (Arc::new(step), schema)
}

/// The start of the window with an end.
pub(crate) fn start(kind: WindowKind, offset_ms: i64, end: i64) -> i64 {
    match kind {
        WindowKind::Tumble { size_ms } | WindowKind::Hop { size_ms, .. } => end - size_ms,
        WindowKind::Cumulate { size_max_ms, .. } => {
            (end - 1) - (end - 1 - offset_ms).rem_euclid(size_max_ms)
        }
    }
}

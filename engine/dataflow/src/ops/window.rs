//! Windows over event time and what is computed in them.
//!
//! * A window [a, b) is emitted once, when the watermark reaches b − 1 ms; rows of a window that was emitted are late
//!   and dropped (each window of a row counts on its own, as in Flink).
//! * The output is ordered by window, then key, so that runs can be compared.

mod operator;
mod panes;

use std::sync::Arc;

pub use operator::WindowAggregate;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use super::AggregateCall;
use crate::OperatorError;

/// How event time is cut into windows, in milliseconds since 1970 plus `offset_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowKind {
    /// Windows that touch.
    Tumble {
        /// Length of a window.
        size_ms: i64,
    },
    /// Windows of `size_ms` that start every `slide_ms`; `size_ms` is a multiple of it.
    Hop {
        /// Length of a window.
        size_ms: i64,
        /// From one start to the next.
        slide_ms: i64,
    },
    /// Windows that start together every `size_max_ms` and end `step_ms` apart; `size_max_ms` is a multiple of it.
    Cumulate {
        /// From one end to the next.
        step_ms: i64,
        /// Length of the longest window.
        size_max_ms: i64,
    },
}

/// A windowed GROUP BY: `GROUP BY window_start, window_end, keys…`.
#[derive(Clone, Debug)]
pub struct WindowAggregateSpec {
    /// Schema of the rows that come in.
    pub input: SchemaRef,
    /// Index of the rowtime column (`Timestamp(Millisecond)`); rows where it is null are dropped and count as late.
    pub rowtime: usize,
    /// The windows.
    pub window: WindowKind,
    /// Shifts all windows, as the optional last argument of TUMBLE and HOP does.
    pub offset_ms: i64,
    /// Indexes of the key columns; none for one group per window.
    pub keys: Vec<usize>,
    /// What is computed.
    pub aggregates: Vec<AggregateCall>,
}

impl WindowAggregateSpec {
    /// The columns that come out: the keys, the aggregates, then `window_start`, `window_end` and `window_time`
    /// (`window_end` − 1 ms), these as `Timestamp(Millisecond)`.
    pub fn output_schema(&self) -> Result<SchemaRef, OperatorError> {
        let mut fields = key_fields(&self.input, &self.keys)?;
        for call in &self.aggregates {
            fields.push(call.output_field(&self.input)?);
        }
        for name in ["window_start", "window_end", "window_time"] {
            fields.push(Field::new(name, DataType::Timestamp(TimeUnit::Millisecond, None), false));
        }
        Ok(Arc::new(Schema::new(fields)))
    }
}

/// The key columns' fields.
pub(super) fn key_fields(input: &Schema, keys: &[usize]) -> Result<Vec<Field>, OperatorError> {
    keys.iter()
        .map(|index| match input.fields().get(*index) {
            Some(field) => Ok(field.as_ref().clone()),
            None => Err(OperatorError::Column {
                index: *index,
                expected: "a key",
                found: "absent".to_owned(),
            }),
        })
        .collect()
}

//! Rows with what happened to them: an Arrow batch and, when not all rows are insertions, a column of operations.
//!
//! * Without an operations column every row is an insertion, so append-only streams pay nothing.
//! * The operations column has one value per row, each the number of a [`RowKind`], never null.
//! * An update travels as two rows, `-U` with exactly the row that was emitted before, then `+U`.

use std::{fmt, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, BooleanArray, Int8Array, RecordBatch, UInt32Array},
    compute,
    datatypes::SchemaRef,
    error::ArrowError,
};

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i8)]
pub enum RowKind {
    /// `+I`: a new row.
    Insert = 0,
    /// `-U`: the row as it was before an update.
    UpdateBefore = 1,
    /// `+U`: the row as it is after an update.
    UpdateAfter = 2,
    /// `-D`: a row that is gone.
    Delete = 3,
}

impl RowKind {
    /// Reads the number of an operations column; `None` if it is no kind.
    pub const fn from_code(code: i8) -> Option<Self> {
        match code {
            0 => Some(Self::Insert),
            1 => Some(Self::UpdateBefore),
            2 => Some(Self::UpdateAfter),
            3 => Some(Self::Delete),
            _ => None,
        }
    }

    /// The number written into an operations column.
    pub const fn code(self) -> i8 {
        self as i8
    }

    /// Whether the row comes in (`+I`, `+U`) rather than goes out (`-U`, `-D`).
    pub const fn is_addition(self) -> bool {
        matches!(self, Self::Insert | Self::UpdateAfter)
    }

    /// The short form that Flink prints, such as `+I`.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Insert => "+I",
            Self::UpdateBefore => "-U",
            Self::UpdateAfter => "+U",
            Self::Delete => "-D",
        }
    }
}

impl fmt::Display for RowKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())
    }
}

/// Why rows and operations do not make a batch.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// There are not as many operations as rows.
    #[error("{rows} rows came with {ops} operations")]
    Length {
        /// Number of rows.
        rows: usize,
        /// Number of operations.
        ops: usize,
    },
    /// The operations column holds a null or a number that is no [`RowKind`].
    #[error("row {row} has no operation that is known")]
    Kind {
        /// Index of the first such row.
        row: usize,
    },
    /// Arrow refused.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
}

/// Rows and what happened to each. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ChangeBatch {
    rows: RecordBatch,
    ops: Option<Int8Array>,
}

impl ChangeBatch {
    /// A batch of insertions.
    pub const fn insertions(rows: RecordBatch) -> Self {
        Self { rows, ops: None }
    }

    /// A batch with an operation per row; a column of insertions only is dropped.
    pub fn new(rows: RecordBatch, ops: Int8Array) -> Result<Self, BatchError> {
        if rows.num_rows() != ops.len() {
            return Err(BatchError::Length { rows: rows.num_rows(), ops: ops.len() });
        }
        let unknown = |op: Option<i8>| op.and_then(RowKind::from_code).is_none();
        if let Some(row) = ops.iter().position(unknown) {
            return Err(BatchError::Kind { row });
        }
        let appends_only = ops.values().iter().all(|op| *op == RowKind::Insert.code());
        Ok(Self { rows, ops: (!appends_only).then_some(ops) })
    }

    /// A batch from rows and their kinds.
    pub fn with_kinds(rows: RecordBatch, kinds: &[RowKind]) -> Result<Self, BatchError> {
        Self::new(rows, kinds.iter().map(|kind| Some(kind.code())).collect())
    }

    /// The rows.
    pub const fn rows(&self) -> &RecordBatch {
        &self.rows
    }

    /// The operations column; `None` says that every row is an insertion.
    pub const fn ops(&self) -> Option<&Int8Array> {
        self.ops.as_ref()
    }

    /// Whether every row is an insertion.
    pub const fn is_append_only(&self) -> bool {
        self.ops.is_none()
    }

    /// The kind of a row; rows past the end count as insertions.
    pub fn kind(&self, row: usize) -> RowKind {
        let code = self.ops.as_ref().and_then(|ops| ops.values().get(row).copied());
        code.and_then(RowKind::from_code).unwrap_or(RowKind::Insert)
    }

    /// The kinds of all rows, in order.
    pub fn kinds(&self) -> impl Iterator<Item = RowKind> + '_ {
        (0..self.num_rows()).map(|row| self.kind(row))
    }

    /// Number of rows.
    pub fn num_rows(&self) -> usize {
        self.rows.num_rows()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.num_rows() == 0
    }

    /// The rows' schema.
    pub fn schema(&self) -> SchemaRef {
        self.rows.schema()
    }

    /// A column of the rows, if there are so many.
    pub fn column(&self, index: usize) -> Option<&ArrayRef> {
        self.rows.columns().get(index)
    }

    /// Rows `offset..offset + length`, without a copy.
    #[must_use]
    pub fn slice(&self, offset: usize, length: usize) -> Self {
        Self {
            rows: self.rows.slice(offset, length),
            ops: self.ops.as_ref().map(|ops| ops.slice(offset, length)),
        }
    }

    /// The rows whose mask is true, with their operations.
    pub fn filter(&self, mask: &BooleanArray) -> Result<Self, BatchError> {
        let rows = compute::filter_record_batch(&self.rows, mask)?;
        let ops = match &self.ops {
            Some(ops) => Some(as_ops(&compute::filter(ops, mask)?)),
            None => None,
        };
        Ok(Self { rows, ops })
    }

    /// The rows at these indices, in that order, with their operations.
    pub fn take(&self, indices: &UInt32Array) -> Result<Self, BatchError> {
        let rows = compute::take_record_batch(&self.rows, indices)?;
        let ops = match &self.ops {
            Some(ops) => Some(as_ops(&compute::take(ops, indices, None)?)),
            None => None,
        };
        Ok(Self { rows, ops })
    }

    /// Other rows under the same operations: what a projection makes.
    pub fn with_rows(&self, rows: RecordBatch) -> Result<Self, BatchError> {
        match &self.ops {
            Some(ops) if ops.len() != rows.num_rows() => {
                Err(BatchError::Length { rows: rows.num_rows(), ops: ops.len() })
            }
            ops => Ok(Self { rows, ops: ops.clone() }),
        }
    }

    /// The rows and the operations.
    pub fn into_parts(self) -> (RecordBatch, Option<Int8Array>) {
        (self.rows, self.ops)
    }

    /// Bytes that the rows hold in memory, roughly.
    pub fn memory_bytes(&self) -> usize {
        self.rows.get_array_memory_size()
    }
}

impl From<RecordBatch> for ChangeBatch {
    fn from(rows: RecordBatch) -> Self {
        Self::insertions(rows)
    }
}

fn as_ops(array: &ArrayRef) -> Int8Array {
    let array: &dyn Array = &Arc::clone(array);
    array.as_any().downcast_ref::<Int8Array>().cloned().unwrap_or_else(|| Int8Array::new_null(0))
}

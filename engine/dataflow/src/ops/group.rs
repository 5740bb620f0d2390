//! The aggregate without windows: a GROUP BY over everything so far, emitted as changes.
//!
//! * A changed group gives `-U` with exactly the row that was emitted before, then `+U`; a first one `+I`, a group whose
//!   last row was taken back `-D`. A change that leaves the row as it was gives nothing.
//! * Changes are emitted once per batch that comes in, in the order in which groups were touched.
//! * Without keys there is one group; once there it stays, as in Flink.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, Int8Array, RecordBatch, UInt32Array},
    compute,
    datatypes::{Schema, SchemaRef},
};

use super::{
    AggregateCall,
    accumulator::Selected,
    groups::{Groups, Layout},
    keys::all_rows,
    window::key_fields,
};
use crate::{
    ChangeBatch, Gauges, Operator, OperatorError, OperatorState, Output, RowKind,
    codec::{Malformed, Reader, Writer},
};

const NAME: &str = "the group aggregate";

/// A GROUP BY without windows.
#[derive(Clone, Debug)]
pub struct GroupAggregateSpec {
    /// Schema of the rows that come in.
    pub input: SchemaRef,
    /// Indexes of the key columns; none for one group.
    pub keys: Vec<usize>,
    /// What is computed.
    pub aggregates: Vec<AggregateCall>,
    /// Whether the input takes rows back (`-U`, `-D`); insertions alone are cheaper.
    pub retracts: bool,
}

impl GroupAggregateSpec {
    /// The columns that come out: the keys, then the aggregates.
    pub fn output_schema(&self) -> Result<SchemaRef, OperatorError> {
        let mut fields = key_fields(&self.input, &self.keys)?;
        for call in &self.aggregates {
            fields.push(call.output_field(&self.input)?);
        }
        Ok(Arc::new(Schema::new(fields)))
    }
}

/// Aggregates per key over everything so far.
#[derive(Debug)]
pub struct GroupAggregate {
    spec: GroupAggregateSpec,
    schema: SchemaRef,
    layout: Layout,
    groups: Groups,
    /// Rows in each group now; a group with none is not there, whatever its aggregates hold.
    rows: Vec<i64>,
    touched: Vec<bool>,
}

/// What becomes of a group by a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Life {
    before: bool,
    after: bool,
}

impl GroupAggregate {
    /// An aggregate without rows, or the error that says what in its spec makes no sense.
    pub fn new(spec: GroupAggregateSpec) -> Result<Self, OperatorError> {
        let layout = Layout::new(&spec.input, &spec.keys, &spec.aggregates, spec.retracts)?;
        Ok(Self {
            schema: spec.output_schema()?,
            groups: layout.groups(),
            layout,
            spec,
            rows: Vec::new(),
            touched: Vec::new(),
        })
    }

    fn is_there(&self, group: u32) -> bool {
        self.rows.get(group as usize).is_some_and(|rows| *rows > 0)
    }

    /// The distinct groups among these, in order of their first row.
    fn touch(&mut self, groups: &[u32]) -> Vec<u32> {
        self.rows.resize(self.groups.len(), 0);
        self.touched.resize(self.groups.len(), false);
        let mut distinct = Vec::new();
        for group in groups {
            if let Some(touched) = self.touched.get_mut(*group as usize).filter(|t| !**t) {
                *touched = true;
                distinct.push(*group);
            }
        }
        for group in &distinct {
            if let Some(touched) = self.touched.get_mut(*group as usize) {
                *touched = false;
            }
        }
        distinct
    }

    fn count_rows(&mut self, groups: &[u32], signs: Option<&[i8]>) {
        for (row, group) in groups.iter().enumerate() {
            let sign = signs.and_then(|signs| signs.get(row)).copied().unwrap_or(1);
            if let Some(rows) = self.rows.get_mut(*group as usize) {
                *rows += i64::from(sign);
            }
        }
    }

    /// Emits what changed: `before` and `after` hold the touched groups' rows, in the same order.
    fn emit(
        &self,
        before: Vec<ArrayRef>,
        after: Vec<ArrayRef>,
        lives: &[Life],
        out: &mut Output,
    ) -> Result<(), OperatorError> {
        let same = unchanged(&before, &after, lives.len());
        let (mut rows, mut kinds) = (Vec::new(), Vec::new());
        let mut change = |row: usize, kind: RowKind| {
            rows.push(row as u32);
            kinds.push(kind.code());
        };
        // The rows of before come first in what is taken from, those of after behind them.
        let behind = lives.len();
        for (row, life) in lives.iter().enumerate() {
            match life {
                Life { before: true, after: true } => {
                    if !same.get(row).copied().unwrap_or(false) {
                        change(row, RowKind::UpdateBefore);
                        change(behind + row, RowKind::UpdateAfter);
                    }
                }
                Life { before: false, after: true } => change(behind + row, RowKind::Insert),
                Life { before: true, after: false } => change(row, RowKind::Delete),
                Life { before: false, after: false } => {}
            }
        }
        let both = [
            RecordBatch::try_new(Arc::clone(&self.schema), before)?,
            RecordBatch::try_new(Arc::clone(&self.schema), after)?,
        ];
        let both = compute::concat_batches(&self.schema, &both)?;
        let rows = compute::take_record_batch(&both, &UInt32Array::from(rows))?;
        out.emit(ChangeBatch::new(rows, Int8Array::from(kinds))?);
        Ok(())
    }

    fn decode_entries(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        let mut from = Reader::new(bytes);
        while !from.is_empty() {
            let rows = from.i64()?;
            let group = self.groups.decode(&mut from)? as usize;
            self.rows.resize(self.groups.len(), 0);
            *self.rows.get_mut(group).ok_or(Malformed)? = rows;
        }
        Ok(())
    }
}

impl Operator for GroupAggregate {
    fn on_batch(
        &mut self,
        _input: usize,
        batch: ChangeBatch,
        out: &mut Output,
    ) -> Result<(), OperatorError> {
        let signs = signs(&batch);
        if let (Some(_), false) = (&signs, self.spec.retracts) {
            let kind = batch.kinds().find(|kind| !kind.is_addition()).unwrap_or(RowKind::Delete);
            return Err(OperatorError::Retraction { operator: NAME, kind });
        }
        let keys = self.layout.keys.read(&batch)?;
        let rows = all_rows(batch.num_rows());
        let mut groups = Vec::new();
        self.groups.intern(&keys, &rows, &mut groups);
        let touched = self.touch(&groups);
        let were: Vec<bool> = touched.iter().map(|group| self.is_there(*group)).collect();
        let before = self.layout.output(&self.groups, &touched)?;
        let selected = Selected { rows: &rows, groups: &groups, signs: signs.as_deref() };
        self.groups.update(&batch, selected)?;
        self.count_rows(&groups, signs.as_deref());
        let after = self.layout.output(&self.groups, &touched)?;
        let stays = self.spec.keys.is_empty();
        let lives = touched.iter().zip(were).map(|(group, before)| Life {
            before,
            after: self.is_there(*group) || (stays && before),
        });
        let lives: Vec<Life> = lives.collect();
        self.emit(before, after, &lives, out)
    }

    fn snapshot(&mut self) -> Result<OperatorState, OperatorError> {
        let mut writers: BTreeMap<u16, Writer> = BTreeMap::new();
        for (group, key_group) in self.layout.key_groups(&self.groups)?.into_iter().enumerate() {
            let rows = self.rows.get(group).copied().unwrap_or_default();
            if rows > 0 || self.spec.keys.is_empty() {
                let writer = writers.entry(key_group).or_default();
                writer.i64(rows);
                self.groups.encode(group as u32, writer);
            }
        }
        let keyed = writers.into_iter().map(|(group, writer)| (group, writer.into_bytes()));
        Ok(OperatorState { keyed: keyed.collect(), plain: Vec::new() })
    }

    fn restore(&mut self, state: OperatorState) -> Result<(), OperatorError> {
        for (_, bytes) in &state.keyed {
            self.decode_entries(bytes)
                .map_err(|_| OperatorError::State { operator: NAME, reason: "it is cut short" })?;
        }
        Ok(())
    }

    fn gauges(&self) -> Gauges {
        Gauges {
            state_bytes: (self.groups.bytes() + self.rows.len() * 9) as u64,
            keys: self.rows.iter().filter(|rows| **rows > 0).count() as u64,
            ..Gauges::default()
        }
    }
}

/// −1 for rows that are taken back; nothing if none is.
fn signs(batch: &ChangeBatch) -> Option<Vec<i8>> {
    if batch.is_append_only() {
        return None;
    }
    let signs: Vec<i8> =
        batch.kinds().map(|kind| if kind.is_addition() { 1 } else { -1 }).collect();
    signs.contains(&-1).then_some(signs)
}

/// Which rows are the same in both; columns that cannot be compared count as different.
fn unchanged(before: &[ArrayRef], after: &[ArrayRef], rows: usize) -> Vec<bool> {
    let mut same = vec![true; rows];
    for (before, after) in before.iter().zip(after) {
        let equal = compute::kernels::cmp::not_distinct(before, after).ok();
        for (row, same) in same.iter_mut().enumerate() {
            *same &= equal.as_ref().is_some_and(|equal| equal.is_valid(row) && equal.value(row));
        }
    }
    same
}

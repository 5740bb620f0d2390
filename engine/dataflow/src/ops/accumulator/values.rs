//! Aggregates that must know their values one by one: DISTINCT ones, and MIN and MAX where rows are taken back.
//!
//! * Each group holds its distinct values in order, with how many rows have each; a value with no rows is gone.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, BooleanArray, Int64Array, new_null_array},
    datatypes::DataType,
    row::{RowConverter, SortField},
};

use super::{
    super::{AggregateFunction, keys::all_rows},
    Accumulator, Selected, plain_state,
};
use crate::{
    OperatorError,
    codec::{Malformed, Reader, Writer},
};

type Counted = BTreeMap<Box<[u8]>, i64>;

/// The distinct values of each group.
#[derive(Clone, Debug)]
pub(super) struct Values {
    function: AggregateFunction,
    taken: DataType,
    result: DataType,
    converter: Arc<RowConverter>,
    groups: Vec<Counted>,
    bytes: usize,
}

/// Bytes of an entry beside its value, roughly.
const ENTRY_BYTES: usize = 32;

impl Values {
    pub(super) fn new(
        function: AggregateFunction,
        taken: &DataType,
        result: &DataType,
    ) -> Result<Self, OperatorError> {
        let converter = Arc::new(RowConverter::new(vec![SortField::new(taken.clone())])?);
        let (taken, result) = (taken.clone(), result.clone());
        Ok(Self { function, taken, result, converter, groups: Vec::new(), bytes: 0 })
    }

    pub(super) fn resize(&mut self, groups: usize) {
        self.groups.resize(groups, Counted::new());
    }

    pub(super) fn update(
        &mut self,
        column: &ArrayRef,
        filter: Option<&BooleanArray>,
        selected: Selected<'_>,
    ) -> Result<(), OperatorError> {
        let rows = self.converter.convert_columns(std::slice::from_ref(column))?;
        selected.each(Some(column.as_ref()), filter, |row, group, sign| {
            self.count(group, rows.row(row).as_ref(), sign);
        });
        Ok(())
    }

    fn count(&mut self, group: usize, value: &[u8], by: i64) {
        let Some(values) = self.groups.get_mut(group) else { return };
        if let Some(count) = values.get_mut(value) {
            *count += by;
            if *count == 0 {
                values.remove(value);
                self.bytes = self.bytes.saturating_sub(value.len() + ENTRY_BYTES);
            }
        } else {
            values.insert(value.into(), by);
            self.bytes += value.len() + ENTRY_BYTES;
        }
    }

    pub(super) fn merge(&mut self, other: &Self, map: &[u32]) {
        for (group, values) in map.iter().zip(&other.groups) {
            for (value, count) in values {
                self.count(*group as usize, value, *count);
            }
        }
    }

    pub(super) fn output(&self, groups: &[u32], to: &DataType) -> Result<ArrayRef, OperatorError> {
        let values = |group: &u32| self.groups.get(*group as usize);
        match self.function {
            AggregateFunction::CountStar | AggregateFunction::Count => {
                let count = |group| values(group).map_or(0, |values| values.len() as i64);
                Ok(Arc::new(Int64Array::from_iter_values(groups.iter().map(count))))
            }
            AggregateFunction::Min => {
                self.column(groups.iter().map(|g| values(g)?.first_key_value().map(|(v, _)| v)))
            }
            AggregateFunction::Max => {
                self.column(groups.iter().map(|g| values(g)?.last_key_value().map(|(v, _)| v)))
            }
            AggregateFunction::Sum | AggregateFunction::Avg => self.folded(groups, to),
        }
    }

    /// A column of values in row format; absent ones are null.
    fn column<'a>(
        &self,
        values: impl Iterator<Item = Option<&'a Box<[u8]>>>,
    ) -> Result<ArrayRef, OperatorError> {
        let null = new_null_array(&self.taken, 1);
        let null = self.converter.convert_columns(&[null])?;
        let parser = self.converter.parser();
        let rows: Vec<_> =
            values.map(|value| value.map_or(null.row(0), |bytes| parser.parse(bytes))).collect();
        let length = rows.len();
        let mut columns = self.converter.convert_rows(rows)?;
        Ok(columns.pop().unwrap_or_else(|| new_null_array(&self.taken, length)))
    }

    /// SUM and AVG over each group's distinct values.
    fn folded(&self, groups: &[u32], to: &DataType) -> Result<ArrayRef, OperatorError> {
        let mut places = Vec::new();
        let mut values = Vec::new();
        for (place, group) in groups.iter().enumerate() {
            for value in self.groups.get(*group as usize).into_iter().flatten() {
                places.push(place as u32);
                values.push(Some(value.0));
            }
        }
        let column = self.column(values.into_iter())?;
        let state = plain_state(self.function, &self.taken, &self.result)?;
        let rows = all_rows(column.len());
        let selected = Selected { rows: &rows, groups: &places, signs: None };
        let all: Vec<u32> = (0..groups.len() as u32).collect();
        let mut folded = Accumulator { column: Some(0), filter: None, output: to.clone(), state };
        folded.resize(groups.len());
        folded.state.update(Some(&column), None, selected)?;
        folded.output(&all)
    }

    pub(super) fn encode(&self, group: usize, to: &mut Writer) {
        let values = self.groups.get(group);
        to.u64(values.map_or(0, |values| values.len() as u64));
        for (value, count) in values.into_iter().flatten() {
            to.blob(value);
            to.i64(*count);
        }
    }

    pub(super) fn decode(&mut self, group: usize, from: &mut Reader<'_>) -> Result<(), Malformed> {
        for _ in 0..from.u64()? {
            let value = from.blob()?;
            let count = from.i64()?;
            self.count(group, value, count);
        }
        Ok(())
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}

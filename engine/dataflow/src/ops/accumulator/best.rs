//! MIN and MAX where nothing is taken back: the best value so far.
//!
//! * Floats are in total order: NaN is the largest, −0.0 is below 0.0.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, BooleanArray, PrimitiveArray, new_null_array},
    datatypes::DataType,
    row::{RowConverter, SortField},
};

use super::{Selected, sum::Number};
use crate::{
    OperatorError,
    codec::{Malformed, Reader, Writer},
};

/// A number with an order.
pub(super) trait Ordered: Number {
    fn is_less(self, other: Self) -> bool;
}

impl Ordered for i64 {
    fn is_less(self, other: Self) -> bool {
        self < other
    }
}

impl Ordered for i128 {
    fn is_less(self, other: Self) -> bool {
        self < other
    }
}

impl Ordered for f64 {
    fn is_less(self, other: Self) -> bool {
        self.total_cmp(&other).is_lt()
    }
}

/// The smallest or largest number per group.
#[derive(Clone, Debug)]
pub(super) struct Best<T> {
    largest: bool,
    values: Vec<T>,
    present: Vec<bool>,
}

impl<T: Ordered> Best<T> {
    pub(super) const fn new(largest: bool) -> Self {
        Self { largest, values: Vec::new(), present: Vec::new() }
    }

    pub(super) fn resize(&mut self, groups: usize) {
        self.values.resize(groups, T::default());
        self.present.resize(groups, false);
    }

    pub(super) fn update(
        &mut self,
        values: &PrimitiveArray<T::Column>,
        filter: Option<&BooleanArray>,
        selected: Selected<'_>,
    ) {
        let numbers = values.values();
        selected.each(Some(values as &dyn Array), filter, |row, group, _| {
            if let Some(value) = numbers.get(row) {
                self.offer(group, *value);
            }
        });
    }

    fn offer(&mut self, group: usize, value: T) {
        if let (Some(best), Some(present)) =
            (self.values.get_mut(group), self.present.get_mut(group))
        {
            let better = if self.largest { best.is_less(value) } else { value.is_less(*best) };
            if better || !*present {
                *best = value;
                *present = true;
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self, map: &[u32]) {
        let values = other.values.iter().zip(&other.present);
        for (group, (value, present)) in map.iter().zip(values) {
            if *present {
                self.offer(*group as usize, *value);
            }
        }
    }

    pub(super) fn output(&self, groups: &[u32], to: &DataType) -> Result<ArrayRef, OperatorError> {
        let result = |group: &u32| {
            let group = *group as usize;
            self.present
                .get(group)
                .copied()
                .unwrap_or(false)
                .then(|| self.values.get(group).copied())?
        };
        T::column(groups.iter().map(result).collect(), to)
    }

    pub(super) fn encode(&self, group: usize, to: &mut Writer) {
        to.u8(self.present.get(group).copied().unwrap_or(false).into());
        self.values.get(group).copied().unwrap_or_default().encode(to);
    }

    pub(super) fn decode(&mut self, group: usize, from: &mut Reader<'_>) -> Result<(), Malformed> {
        *self.present.get_mut(group).ok_or(Malformed)? = from.u8()? != 0;
        *self.values.get_mut(group).ok_or(Malformed)? = T::decode(from)?;
        Ok(())
    }

    pub(super) fn bytes(&self) -> usize {
        self.values.len() * (size_of::<T>() + 1)
    }
}

/// The smallest or largest value of any other type per group, in Arrow's row format.
#[derive(Clone, Debug)]
pub(super) struct BestRows {
    largest: bool,
    converter: Arc<RowConverter>,
    data_type: DataType,
    values: Vec<Option<Box<[u8]>>>,
}

impl BestRows {
    pub(super) fn new(largest: bool, data_type: &DataType) -> Result<Self, OperatorError> {
        let converter = Arc::new(RowConverter::new(vec![SortField::new(data_type.clone())])?);
        Ok(Self { largest, converter, data_type: data_type.clone(), values: Vec::new() })
    }

    pub(super) fn resize(&mut self, groups: usize) {
        self.values.resize(groups, None);
    }

    pub(super) fn update(
        &mut self,
        column: &ArrayRef,
        filter: Option<&BooleanArray>,
        selected: Selected<'_>,
    ) -> Result<(), OperatorError> {
        let rows = self.converter.convert_columns(std::slice::from_ref(column))?;
        selected.each(Some(column.as_ref()), filter, |row, group, _| {
            self.offer(group, rows.row(row).as_ref());
        });
        Ok(())
    }

    fn offer(&mut self, group: usize, value: &[u8]) {
        let Some(slot) = self.values.get_mut(group) else { return };
        let better = match slot {
            Some(best) if self.largest => value > best.as_ref(),
            Some(best) => value < best.as_ref(),
            None => true,
        };
        if better {
            *slot = Some(value.into());
        }
    }

    pub(super) fn merge(&mut self, other: &Self, map: &[u32]) {
        for (group, value) in map.iter().zip(&other.values) {
            if let Some(value) = value {
                self.offer(*group as usize, value);
            }
        }
    }

    pub(super) fn output(&self, groups: &[u32]) -> Result<ArrayRef, OperatorError> {
        // The row of a null, for groups without a value.
        let null = new_null_array(&self.data_type, 1);
        let null = self.converter.convert_columns(&[null])?;
        let null = null.row(0);
        let parser = self.converter.parser();
        let rows = groups.iter().map(|group| {
            let value = self.values.get(*group as usize).and_then(Option::as_deref);
            value.map_or(null, |bytes| parser.parse(bytes))
        });
        let mut columns = self.converter.convert_rows(rows)?;
        Ok(columns.pop().unwrap_or_else(|| new_null_array(&self.data_type, groups.len())))
    }

    pub(super) fn encode(&self, group: usize, to: &mut Writer) {
        let value = self.values.get(group).and_then(Option::as_deref);
        to.u8(value.is_some().into());
        to.blob(value.unwrap_or_default());
    }

    pub(super) fn decode(&mut self, group: usize, from: &mut Reader<'_>) -> Result<(), Malformed> {
        let present = from.u8()? != 0;
        let bytes = from.blob()?;
        *self.values.get_mut(group).ok_or(Malformed)? = present.then(|| bytes.into());
        Ok(())
    }

    pub(super) fn bytes(&self) -> usize {
        let bytes = self.values.iter().flatten().map(|value| value.len());
        self.values.len() * 16 + bytes.sum::<usize>()
    }
}

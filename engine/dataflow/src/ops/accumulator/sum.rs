//! SUM and AVG over integers, floats and decimals.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, ArrowPrimitiveType, BooleanArray, PrimitiveArray},
    compute,
    datatypes::{ArrowNativeType, DataType, Decimal128Type, Float64Type, Int64Type, UInt64Type},
};

use super::{super::numbers::from_i64, Selected};
use crate::{
    OperatorError,
    codec::{Malformed, Reader, Writer},
};

/// A number that can be summed and averaged.
pub(super) trait Number: ArrowNativeType + Default {
    /// Its column.
    type Column: ArrowPrimitiveType<Native = Self>;
    /// Adds `value`, or takes it back.
    fn plus(self, value: Self, sign: i64) -> Self;
    /// The average of `count` values, with `digits` more decimals than they have.
    fn average(self, count: i64, digits: i32) -> Option<Self>;
    fn encode(self, to: &mut Writer);
    fn decode(from: &mut Reader<'_>) -> Result<Self, Malformed>;
    /// A column of the output type.
    fn column(
        values: PrimitiveArray<Self::Column>,
        to: &DataType,
    ) -> Result<ArrayRef, OperatorError>;
}

impl Number for i64 {
    type Column = Int64Type;

    fn plus(self, value: Self, sign: i64) -> Self {
        if sign < 0 { self.wrapping_sub(value) } else { self.wrapping_add(value) }
    }

    fn average(self, count: i64, _digits: i32) -> Option<Self> {
        self.checked_div(count)
    }

    fn encode(self, to: &mut Writer) {
        to.i64(self);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        from.i64()
    }

    fn column(values: PrimitiveArray<Int64Type>, to: &DataType) -> Result<ArrayRef, OperatorError> {
        if *to == DataType::UInt64 {
            return Ok(Arc::new(values.unary::<_, UInt64Type>(i64::cast_unsigned)));
        }
        Ok(from_i64(values, to)?)
    }
}

impl Number for f64 {
    type Column = Float64Type;

    fn plus(self, value: Self, sign: i64) -> Self {
        if sign < 0 { self - value } else { self + value }
    }

    fn average(self, count: i64, _digits: i32) -> Option<Self> {
        (count > 0).then(|| self / count as Self)
    }

    fn encode(self, to: &mut Writer) {
        to.f64(self);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        from.f64()
    }

    fn column(
        values: PrimitiveArray<Float64Type>,
        to: &DataType,
    ) -> Result<ArrayRef, OperatorError> {
        Ok(compute::cast(&values, to)?)
    }
}

/// The first value that 38 digits cannot hold.
const DECIMAL_LIMIT: i128 = 10_i128.pow(38);

impl Number for i128 {
    type Column = Decimal128Type;

    fn plus(self, value: Self, sign: i64) -> Self {
        if sign < 0 { self.saturating_sub(value) } else { self.saturating_add(value) }
    }

    fn average(self, count: i64, digits: i32) -> Option<Self> {
        let scaled = self.checked_mul(10_i128.checked_pow(digits.try_into().ok()?)?)?;
        let count = Self::from(count);
        let (whole, rest) = (scaled.checked_div(count)?, scaled.checked_rem(count)?);
        let up = rest.abs().saturating_mul(2) >= count;
        Some(if up { whole + scaled.signum() } else { whole })
    }

    fn encode(self, to: &mut Writer) {
        to.i128(self);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        from.i128()
    }

    fn column(
        values: PrimitiveArray<Decimal128Type>,
        to: &DataType,
    ) -> Result<ArrayRef, OperatorError> {
        let fits =
            values.unary_opt::<_, Decimal128Type>(|v| (v.abs() < DECIMAL_LIMIT).then_some(v));
        Ok(Arc::new(fits.with_data_type(to.clone())))
    }
}

/// Sums with the number of values in each.
#[derive(Clone, Debug)]
pub(super) struct Sum<T> {
    average: bool,
    digits: i32,
    sums: Vec<T>,
    counts: Vec<i64>,
}

impl<T: Number> Sum<T> {
    /// A sum, or an average that has `digits` more decimals than its values.
    pub(super) const fn new(average: bool, digits: i32) -> Self {
        Self { average, digits, sums: Vec::new(), counts: Vec::new() }
    }

    pub(super) fn resize(&mut self, groups: usize) {
        self.sums.resize(groups, T::default());
        self.counts.resize(groups, 0);
    }

    pub(super) fn update(
        &mut self,
        values: &PrimitiveArray<T::Column>,
        filter: Option<&BooleanArray>,
        selected: Selected<'_>,
    ) {
        let numbers = values.values();
        let (sums, counts) = (&mut self.sums, &mut self.counts);
        selected.each(Some(values as &dyn Array), filter, |row, group, sign| {
            let slots = (sums.get_mut(group), counts.get_mut(group), numbers.get(row));
            if let (Some(sum), Some(count), Some(value)) = slots {
                *sum = sum.plus(*value, sign);
                *count += sign;
            }
        });
    }

    pub(super) fn merge(&mut self, other: &Self, map: &[u32]) {
        let values = other.sums.iter().zip(&other.counts);
        for (group, (value, more)) in map.iter().zip(values) {
            let group = *group as usize;
            if let (Some(sum), Some(count)) = (self.sums.get_mut(group), self.counts.get_mut(group))
            {
                *sum = sum.plus(*value, 1);
                *count += more;
            }
        }
    }

    pub(super) fn output(&self, groups: &[u32], to: &DataType) -> Result<ArrayRef, OperatorError> {
        let result = |group: &u32| {
            let (sum, count) =
                (*self.sums.get(*group as usize)?, *self.counts.get(*group as usize)?);
            match (count > 0, self.average) {
                (false, _) => None,
                (true, true) => sum.average(count, self.digits),
                (true, false) => Some(sum),
            }
        };
        T::column(groups.iter().map(result).collect(), to)
    }

    pub(super) fn encode(&self, group: usize, to: &mut Writer) {
        self.sums.get(group).copied().unwrap_or_default().encode(to);
        to.i64(self.counts.get(group).copied().unwrap_or_default());
    }

    pub(super) fn decode(&mut self, group: usize, from: &mut Reader<'_>) -> Result<(), Malformed> {
        *self.sums.get_mut(group).ok_or(Malformed)? = T::decode(from)?;
        *self.counts.get_mut(group).ok_or(Malformed)? = from.i64()?;
        Ok(())
    }

    pub(super) fn bytes(&self) -> usize {
        self.sums.len() * (size_of::<T>() + 8)
    }
}

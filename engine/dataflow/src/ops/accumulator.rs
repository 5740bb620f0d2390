//! What an aggregate holds per group, column-wise, so that it can be looked at without being used up.
//!
//! * Groups are dense numbers; every vector has one entry per group.
//! * A row with sign −1 takes back an earlier one; only functions that can do so are built for such inputs.

mod best;
mod sum;
mod values;

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array},
    compute,
    datatypes::{DataType, Decimal128Type, Float64Type, Schema},
};

use super::{
    AggregateCall, AggregateFunction,
    numbers::{is_i64, to_i64},
};
use crate::{
    ChangeBatch, OperatorError,
    codec::{Malformed, Reader, Writer},
};
use best::{Best, BestRows};
use sum::Sum;
use values::Values;

/// The rows of a batch that an update is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Selected<'a> {
    /// The rows, by number.
    pub(super) rows: &'a [u32],
    /// The group of each.
    pub(super) groups: &'a [u32],
    /// −1 for each row of the batch that is taken back; all come in without it.
    pub(super) signs: Option<&'a [i8]>,
}

impl Selected<'_> {
    /// Calls `take(row, group, sign)` for each row whose value is there and that the filter lets through.
    fn each(
        &self,
        values: Option<&dyn Array>,
        filter: Option<&BooleanArray>,
        mut take: impl FnMut(usize, usize, i64),
    ) {
        let nulls = values.and_then(Array::nulls);
        if nulls.is_none() && filter.is_none() && self.signs.is_none() {
            for (row, group) in self.rows.iter().zip(self.groups) {
                take(*row as usize, *group as usize, 1);
            }
            return;
        }
        for (row, group) in self.rows.iter().zip(self.groups) {
            let row = *row as usize;
            let passes = filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
            if passes && nulls.is_none_or(|nulls| nulls.is_valid(row)) {
                let sign = self.signs.and_then(|signs| signs.get(row)).copied().unwrap_or(1);
                take(row, *group as usize, sign.into());
            }
        }
    }
}

#[derive(Clone, Debug)]
enum State {
    Count(Vec<i64>),
    SumI64(Sum<i64>),
    SumF64(Sum<f64>),
    SumDecimal(Sum<i128>),
    BestI64(Best<i64>),
    BestF64(Best<f64>),
    BestDecimal(Best<i128>),
    BestRows(BestRows),
    Values(Values),
}

/// One aggregate of a GROUP BY.
#[derive(Clone, Debug)]
pub(super) struct Accumulator {
    column: Option<usize>,
    filter: Option<usize>,
    output: DataType,
    state: State,
}

impl Accumulator {
    /// An accumulator without groups; `retracts` says that rows may be taken back.
    pub(super) fn new(
        call: &AggregateCall,
        input: &Schema,
        retracts: bool,
    ) -> Result<Self, OperatorError> {
        let output = call.output_type(input)?;
        let column = match call.function {
            AggregateFunction::CountStar => None,
            _ => call.column,
        };
        let taken = column.and_then(|index| input.fields().get(index));
        let taken = taken.map_or(DataType::Null, |field| field.data_type().clone());
        let best = matches!(call.function, AggregateFunction::Min | AggregateFunction::Max);
        let state = if (call.distinct && !best && column.is_some()) || (best && retracts) {
            State::Values(Values::new(call.function, &taken, &output)?)
        } else {
            plain_state(call.function, &taken, &output)?
        };
        Ok(Self { column, filter: call.filter, output, state })
    }

    /// Makes room for so many groups.
    pub(super) fn resize(&mut self, groups: usize) {
        match &mut self.state {
            State::Count(counts) => counts.resize(groups, 0),
            State::SumI64(sum) => sum.resize(groups),
            State::SumF64(sum) => sum.resize(groups),
            State::SumDecimal(sum) => sum.resize(groups),
            State::BestI64(best) => best.resize(groups),
            State::BestF64(best) => best.resize(groups),
            State::BestDecimal(best) => best.resize(groups),
            State::BestRows(best) => best.resize(groups),
            State::Values(values) => values.resize(groups),
        }
    }

    /// Takes rows of a batch.
    pub(super) fn update(
        &mut self,
        batch: &ChangeBatch,
        selected: Selected<'_>,
    ) -> Result<(), OperatorError> {
        let filter = match self.filter {
            None => None,
            Some(index) => Some(boolean_column(batch, index)?),
        };
        let column = match self.column {
            None => None,
            Some(index) => Some(batch.column(index).ok_or_else(|| absent(index))?),
        };
        self.state.update(column, filter, selected)
    }

    /// Adds the groups of another accumulator of the same kind; `map` says which group each becomes.
    pub(super) fn merge(&mut self, other: &Self, map: &[u32]) {
        match (&mut self.state, &other.state) {
            (State::Count(counts), State::Count(other)) => {
                for (group, count) in map.iter().zip(other) {
                    if let Some(sum) = counts.get_mut(*group as usize) {
                        *sum += count;
                    }
                }
            }
            (State::SumI64(sum), State::SumI64(other)) => sum.merge(other, map),
            (State::SumF64(sum), State::SumF64(other)) => sum.merge(other, map),
            (State::SumDecimal(sum), State::SumDecimal(other)) => sum.merge(other, map),
            (State::BestI64(best), State::BestI64(other)) => best.merge(other, map),
            (State::BestF64(best), State::BestF64(other)) => best.merge(other, map),
            (State::BestDecimal(best), State::BestDecimal(other)) => best.merge(other, map),
            (State::BestRows(best), State::BestRows(other)) => best.merge(other, map),
            (State::Values(values), State::Values(other)) => values.merge(other, map),
            _ => debug_assert!(false, "accumulators of different kinds cannot be merged"),
        }
    }

    /// The results of some groups, in that order.
    pub(super) fn output(&self, groups: &[u32]) -> Result<ArrayRef, OperatorError> {
        let output = &self.output;
        match &self.state {
            State::Count(counts) => {
                let count = |group: &u32| counts.get(*group as usize).copied().unwrap_or_default();
                Ok(Arc::new(Int64Array::from_iter_values(groups.iter().map(count))))
            }
            State::SumI64(sum) => sum.output(groups, output),
            State::SumF64(sum) => sum.output(groups, output),
            State::SumDecimal(sum) => sum.output(groups, output),
            State::BestI64(best) => best.output(groups, output),
            State::BestF64(best) => best.output(groups, output),
            State::BestDecimal(best) => best.output(groups, output),
            State::BestRows(best) => best.output(groups),
            State::Values(values) => values.output(groups, output),
        }
    }

    /// Writes a group into a snapshot.
    pub(super) fn encode(&self, group: u32, to: &mut Writer) {
        let group = group as usize;
        match &self.state {
            State::Count(counts) => to.i64(counts.get(group).copied().unwrap_or_default()),
            State::SumI64(sum) => sum.encode(group, to),
            State::SumF64(sum) => sum.encode(group, to),
            State::SumDecimal(sum) => sum.encode(group, to),
            State::BestI64(best) => best.encode(group, to),
            State::BestF64(best) => best.encode(group, to),
            State::BestDecimal(best) => best.encode(group, to),
            State::BestRows(best) => best.encode(group, to),
            State::Values(values) => values.encode(group, to),
        }
    }

    /// Reads a group, which there is room for, from a snapshot.
    pub(super) fn decode(&mut self, group: u32, from: &mut Reader<'_>) -> Result<(), Malformed> {
        let group = group as usize;
        match &mut self.state {
            State::Count(counts) => {
                *counts.get_mut(group).ok_or(Malformed)? = from.i64()?;
                Ok(())
            }
            State::SumI64(sum) => sum.decode(group, from),
            State::SumF64(sum) => sum.decode(group, from),
            State::SumDecimal(sum) => sum.decode(group, from),
            State::BestI64(best) => best.decode(group, from),
            State::BestF64(best) => best.decode(group, from),
            State::BestDecimal(best) => best.decode(group, from),
            State::BestRows(best) => best.decode(group, from),
            State::Values(values) => values.decode(group, from),
        }
    }

    /// Bytes held, roughly.
    pub(super) fn bytes(&self) -> usize {
        match &self.state {
            State::Count(counts) => counts.len() * 8,
            State::SumI64(sum) => sum.bytes(),
            State::SumF64(sum) => sum.bytes(),
            State::SumDecimal(sum) => sum.bytes(),
            State::BestI64(best) => best.bytes(),
            State::BestF64(best) => best.bytes(),
            State::BestDecimal(best) => best.bytes(),
            State::BestRows(best) => best.bytes(),
            State::Values(values) => values.bytes(),
        }
    }
}

impl State {
    fn update(
        &mut self,
        column: Option<&ArrayRef>,
        filter: Option<&BooleanArray>,
        selected: Selected<'_>,
    ) -> Result<(), OperatorError> {
        let Some(column) = column else {
            if let Self::Count(counts) = self {
                count(counts, None, filter, selected);
            }
            return Ok(());
        };
        match self {
            Self::Count(counts) => count(counts, Some(column.as_ref()), filter, selected),
            Self::SumI64(sum) => sum.update(&to_i64(column)?, filter, selected),
            Self::BestI64(best) => best.update(&to_i64(column)?, filter, selected),
            Self::SumF64(sum) => sum.update(&doubles(column)?, filter, selected),
            Self::BestF64(best) => best.update(&doubles(column)?, filter, selected),
            Self::SumDecimal(sum) => {
                sum.update(column.as_primitive::<Decimal128Type>(), filter, selected);
            }
            Self::BestDecimal(best) => {
                best.update(column.as_primitive::<Decimal128Type>(), filter, selected);
            }
            Self::BestRows(best) => best.update(column, filter, selected)?,
            Self::Values(values) => values.update(column, filter, selected)?,
        }
        Ok(())
    }
}

fn count(
    counts: &mut [i64],
    values: Option<&dyn Array>,
    filter: Option<&BooleanArray>,
    selected: Selected<'_>,
) {
    selected.each(values, filter, |_, group, sign| {
        if let Some(count) = counts.get_mut(group) {
            *count += sign;
        }
    });
}

fn plain_state(
    function: AggregateFunction,
    taken: &DataType,
    output: &DataType,
) -> Result<State, OperatorError> {
    let (average, largest) =
        (function == AggregateFunction::Avg, function == AggregateFunction::Max);
    let scale = |data_type: &DataType| match data_type {
        DataType::Decimal128(_, scale) => *scale,
        _ => 0,
    };
    Ok(match function {
        AggregateFunction::CountStar | AggregateFunction::Count => State::Count(Vec::new()),
        AggregateFunction::Sum | AggregateFunction::Avg => match taken {
            DataType::Decimal128(_, from) => {
                State::SumDecimal(Sum::new(average, i32::from(scale(output)) - i32::from(*from)))
            }
            data_type if data_type.is_floating() => State::SumF64(Sum::new(average, 0)),
            _ => State::SumI64(Sum::new(average, 0)),
        },
        AggregateFunction::Min | AggregateFunction::Max => match taken {
            DataType::Decimal128(_, _) => State::BestDecimal(Best::new(largest)),
            DataType::Float16 | DataType::Float32 | DataType::Float64 => {
                State::BestF64(Best::new(largest))
            }
            data_type if is_i64(data_type) => State::BestI64(Best::new(largest)),
            data_type => State::BestRows(BestRows::new(largest, data_type)?),
        },
    })
}

fn doubles(column: &ArrayRef) -> Result<arrow::array::Float64Array, OperatorError> {
    Ok(compute::cast(column, &DataType::Float64)?.as_primitive::<Float64Type>().clone())
}

fn boolean_column(batch: &ChangeBatch, index: usize) -> Result<&BooleanArray, OperatorError> {
    let column = batch.column(index).ok_or_else(|| absent(index))?;
    column.as_boolean_opt().ok_or_else(|| OperatorError::Column {
        index,
        expected: "BOOLEAN",
        found: column.data_type().to_string(),
    })
}

fn absent(index: usize) -> OperatorError {
    OperatorError::Column { index, expected: "a column", found: "absent".to_owned() }
}

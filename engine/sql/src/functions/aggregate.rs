//! SUM and AVG with Flink's types, for bounded queries (streams have their own, in the dataflow crate).
//!
//! * SUM keeps its column's type and wraps on overflow; SUM of DECIMAL(p, s) is DECIMAL(38, s), NULL beyond 38 digits.
//! * AVG keeps it too and truncates whole numbers; AVG of DECIMAL(p, s) is DECIMAL(38, max(s, 6)), rounded half up.

use std::{
    collections::HashSet,
    hash::{Hash, Hasher},
    sync::Arc,
};

use arrow::{
    array::{Array, ArrayRef, AsArray},
    compute::cast,
    datatypes::{DataType, Decimal128Type, Field, FieldRef, Float64Type, Int64Type},
};
use datafusion::{
    common::{Result, ScalarValue, utils::SingleRowListArrayBuilder},
    logical_expr::{
        Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
        function::{AccumulatorArgs, StateFieldsArgs},
    },
};

use super::udf::fail;

/// `SUM(x)`.
pub(super) fn sum() -> AggregateUDF {
    AggregateUDF::from(Numeric::new("sum", false))
}

/// `AVG(x)`.
pub(super) fn avg() -> AggregateUDF {
    AggregateUDF::from(Numeric::new("avg", true))
}

#[derive(Debug)]
struct Numeric {
    name: &'static str,
    mean: bool,
    signature: Signature,
}

impl Numeric {
    fn new(name: &'static str, mean: bool) -> Self {
        Self { name, mean, signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl PartialEq for Numeric {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Numeric {}

impl Hash for Numeric {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl AggregateUDFImpl for Numeric {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        match arg_types {
            [DataType::Decimal128(_, s)] if self.mean => Ok(DataType::Decimal128(38, 6.max(*s))),
            [DataType::Decimal128(_, s)] => Ok(DataType::Decimal128(38, *s)),
            [data_type] if data_type.is_integer() || data_type.is_floating() => {
                Ok(data_type.clone())
            }
            _ => Err(fail(format!("{} takes one number", self.name.to_uppercase()))),
        }
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        match arg_types {
            [DataType::Null] => Ok(vec![DataType::Int32]),
            _ => self.return_type(arg_types).map(|_| arg_types.to_vec()),
        }
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let input = args.expr_fields.first().map_or(DataType::Null, |f| f.data_type().clone());
        let total = Total::new(&input, args.return_field.data_type(), self.mean);
        if args.is_distinct {
            return Ok(Box::new(Distinct { seen: HashSet::new(), input, total }));
        }
        Ok(Box::new(total))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let input = args.input_fields.first().map_or(DataType::Null, |f| f.data_type().clone());
        let field = |name: &str, data_type| {
            Arc::new(Field::new(format!("{}[{name}]", args.name), data_type, true))
        };
        if args.is_distinct {
            return Ok(vec![field("seen", DataType::new_list(input, true))]);
        }
        Ok(vec![field("sum", sum_type(&input)), field("count", DataType::Int64)])
    }
}

/// The type in which values are added up.
fn sum_type(input: &DataType) -> DataType {
    match input {
        DataType::Decimal128(_, scale) => DataType::Decimal128(38, *scale),
        data_type if data_type.is_floating() => DataType::Float64,
        _ => DataType::Int64,
    }
}

/// A sum and how many values are in it.
#[derive(Debug)]
struct Total {
    sum: Sum,
    count: i64,
    mean: bool,
    result: DataType,
}

#[derive(Clone, Copy, Debug)]
enum Sum {
    Whole(i64),
    Float(f64),
    /// `None` once it went beyond 38 digits.
    Decimal(Option<i128>, i8),
}

/// Largest absolute value of 38 digits.
const DECIMAL_MAX: i128 = 10_i128.pow(38) - 1;

impl Total {
    fn new(input: &DataType, result: &DataType, mean: bool) -> Self {
        let sum = match sum_type(input) {
            DataType::Decimal128(_, scale) => Sum::Decimal(Some(0), scale),
            DataType::Float64 => Sum::Float(0.0),
            _ => Sum::Whole(0),
        };
        Self { sum, count: 0, mean, result: result.clone() }
    }

    fn add(&mut self, values: &ArrayRef) -> Result<()> {
        match &mut self.sum {
            Sum::Whole(sum) => {
                let values = cast(values, &DataType::Int64)?;
                for value in values.as_primitive::<Int64Type>().iter().flatten() {
                    *sum = sum.wrapping_add(value);
                }
            }
            Sum::Float(sum) => {
                let values = cast(values, &DataType::Float64)?;
                *sum += values.as_primitive::<Float64Type>().iter().flatten().sum::<f64>();
            }
            Sum::Decimal(sum, _) => {
                for value in values.as_primitive::<Decimal128Type>().iter().flatten() {
                    *sum =
                        sum.and_then(|s| s.checked_add(value)).filter(|s| s.abs() <= DECIMAL_MAX);
                }
            }
        }
        Ok(())
    }

    fn value(&self) -> Result<ScalarValue> {
        if self.count == 0 {
            return ScalarValue::try_from(&self.result);
        }
        let value = match (self.sum, self.mean) {
            (Sum::Whole(sum), mean) => {
                return narrowed(if mean { sum / self.count } else { sum }, &self.result);
            }
            (Sum::Float(sum), true) => ScalarValue::Float64(Some(sum / self.count as f64)),
            (Sum::Float(sum), false) => ScalarValue::Float64(Some(sum)),
            (Sum::Decimal(sum, scale), false) => ScalarValue::Decimal128(sum, 38, scale),
            (Sum::Decimal(sum, scale), true) => {
                let target = 6.max(scale);
                ScalarValue::Decimal128(
                    mean(sum, i128::from(self.count), target - scale),
                    38,
                    target,
                )
            }
        };
        value.cast_to(&self.result)
    }
}

/// A quotient with `more` digits after the point, rounded half up.
fn mean(sum: Option<i128>, count: i128, more: i8) -> Option<i128> {
    let scaled = sum?.checked_mul(10_i128.checked_pow(u32::try_from(more).ok()?)?)?;
    let (quotient, rest) = (scaled / count, scaled % count);
    let up = if rest.abs() * 2 >= count { scaled.signum() } else { 0 };
    Some(quotient + up)
}

/// A whole number cut to a type's bits, as Java's narrowing does.
fn narrowed(value: i64, data_type: &DataType) -> Result<ScalarValue> {
    match data_type {
        DataType::Int8 => Ok(ScalarValue::Int8(Some(value as i8))),
        DataType::Int16 => Ok(ScalarValue::Int16(Some(value as i16))),
        DataType::Int32 => Ok(ScalarValue::Int32(Some(value as i32))),
        other => ScalarValue::Int64(Some(value)).cast_to(other),
    }
}

impl Accumulator for Total {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some(values) = values.first() else { return Ok(()) };
        self.count += (values.len() - values.null_count()) as i64;
        self.add(values)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.value()
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let sum = match self.sum {
            Sum::Whole(sum) => ScalarValue::Int64(Some(sum)),
            Sum::Float(sum) => ScalarValue::Float64(Some(sum)),
            Sum::Decimal(sum, scale) => ScalarValue::Decimal128(sum, 38, scale),
        };
        Ok(vec![sum, ScalarValue::Int64(Some(self.count))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [sums, counts] = states else { return Ok(()) };
        if let Sum::Decimal(sum, _) = &mut self.sum
            && sums.null_count() > 0
        {
            *sum = None;
        }
        self.count += counts.as_primitive::<Int64Type>().iter().flatten().sum::<i64>();
        self.add(sums)
    }
}

/// The same over distinct values.
#[derive(Debug)]
struct Distinct {
    seen: HashSet<ScalarValue>,
    input: DataType,
    total: Total,
}

impl Distinct {
    fn see(&mut self, values: &ArrayRef) -> Result<()> {
        for row in (0..values.len()).filter(|row| values.is_valid(*row)) {
            self.seen.insert(ScalarValue::try_from_array(values, row)?);
        }
        Ok(())
    }

    fn values(&self) -> Result<ArrayRef> {
        if self.seen.is_empty() {
            return Ok(arrow::array::new_empty_array(&self.input));
        }
        ScalarValue::iter_to_array(self.seen.iter().cloned())
    }
}

impl Accumulator for Distinct {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        values.first().map_or(Ok(()), |values| self.see(values))
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let values = self.values()?;
        self.total.update_batch(&[values])?;
        self.total.value()
    }

    fn size(&self) -> usize {
        size_of_val(self) + ScalarValue::size_of_hashset(&self.seen)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![SingleRowListArrayBuilder::new(self.values()?).build_list_scalar()])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(lists) = states.first() else { return Ok(()) };
        for list in lists.as_list::<i32>().iter().flatten() {
            self.see(&list)?;
        }
        Ok(())
    }
}

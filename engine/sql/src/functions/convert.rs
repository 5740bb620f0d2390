//! CAST where Flink's differs: to text as its clients print it, to whole numbers cut to their bits.
//!
//! The binder puts these calls in the place of CAST; `TRY_CAST` is the planner's own.

#![allow(clippy::unnecessary_wraps, reason = "all functions have one shape")]

use arrow::{
    array::{Array, ArrayRef, AsArray, Int64Array, StringArray},
    compute::cast,
    datatypes::{DataType, Decimal128Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type},
};
use datafusion::common::Result;

use super::udf::{Udf, array, fail, usage};
use crate::render::text_value;

/// All conversions.
pub(super) fn all() -> Vec<Udf> {
    vec![
        Udf::new("__to_text", one, |_| Ok(DataType::Utf8), to_text),
        Udf::new("__to_tinyint", number, |_| Ok(DataType::Int8), whole),
        Udf::new("__to_smallint", number, |_| Ok(DataType::Int16), whole),
        Udf::new("__to_int", number, |_| Ok(DataType::Int32), whole),
        Udf::new("__to_bigint", number, |_| Ok(DataType::Int64), whole),
    ]
}

fn one(types: &[DataType]) -> Result<Vec<DataType>> {
    match types {
        [DataType::Null] => Ok(vec![DataType::Utf8]),
        [one] => Ok(vec![one.clone()]),
        _ => Err(usage("it takes one value")),
    }
}

fn number(types: &[DataType]) -> Result<Vec<DataType>> {
    match types {
        [DataType::Null] => Ok(vec![DataType::Int64]),
        [t] if t.is_numeric() || matches!(t, DataType::Utf8 | DataType::Boolean) => {
            Ok(vec![t.clone()])
        }
        [t] => {
            let from = crate::parse::types::sql_type(t);
            Err(fail(format!("{from} cannot be cast to a number")))
        }
        _ => Err(usage("it takes one value")),
    }
}

fn to_text(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let Some(values) = args.first() else { return Err(usage("it takes one value")) };
    if let Some(bytes) = values.as_binary_opt::<i32>() {
        let texts = bytes.iter().map(|b| b.map(|b| String::from_utf8_lossy(b).into_owned()));
        return array(texts.collect::<StringArray>());
    }
    let text = |row| values.is_valid(row).then(|| text_value(values, row));
    array((0..values.len()).map(text).collect::<StringArray>())
}

/// Numbers lose what is after the point, then the bits that do not fit, as in Java.
fn whole(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    let Some(values) = args.first() else { return Err(usage("it takes one value")) };
    let wide: Int64Array = match values.data_type() {
        DataType::Utf8 => {
            let parsed = values.as_string::<i32>().iter().map(|text| text.map(parse).transpose());
            parsed.collect::<Result<_>>()?
        }
        DataType::Float32 | DataType::Float64 => {
            let limit = if *result == DataType::Int64 { i64::MAX } else { i64::from(i32::MAX) };
            let doubles = cast(values, &DataType::Float64)?;
            let cut = |v: f64| (v as i64).clamp(-limit - 1, limit);
            doubles.as_primitive::<Float64Type>().unary(cut)
        }
        DataType::Decimal128(_, scale) => {
            let unit = 10_i128.pow(u32::try_from(*scale).unwrap_or(0));
            values.as_primitive::<Decimal128Type>().unary(|v| (v / unit) as i64)
        }
        _ => cast(values, &DataType::Int64)?.as_primitive::<Int64Type>().clone(),
    };
    match result {
        DataType::Int8 => array(wide.unary::<_, Int8Type>(|v| v as i8)),
        DataType::Int16 => array(wide.unary::<_, Int16Type>(|v| v as i16)),
        DataType::Int32 => array(wide.unary::<_, Int32Type>(|v| v as i32)),
        _ => array(wide),
    }
}

fn parse(text: &str) -> Result<i64> {
    let trimmed = text.trim();
    let (whole, fraction) = trimmed.split_once('.').unwrap_or((trimmed, ""));
    let digits = fraction.bytes().all(|b| b.is_ascii_digit());
    match whole.parse::<i64>() {
        Ok(number) if digits => Ok(number),
        _ => Err(fail(format!("`{text}` is no number; TRY_CAST gives NULL for it"))),
    }
}

//! Functions of numbers.

#![allow(clippy::unnecessary_wraps, reason = "all functions have one shape")]

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, AsArray, Decimal128Array, Float64Array, Int32Array, Int64Array},
    compute::cast,
    datatypes::{DataType, Decimal128Type, Float64Type, Int32Type, Int64Type},
};
use datafusion::common::Result;

use super::udf::{Udf, array, typed, usage};

/// All functions of numbers.
pub(super) fn all() -> Vec<Udf> {
    let mut all = vec![
        Udf::new("abs", one_number, same, abs),
        Udf::new("round", round_args, rounded, round),
        Udf::new("truncate", round_args, rounded, truncate),
        Udf::new("floor", one_number, whole, floor),
        Udf::new("ceil", one_number, whole, ceil).alias("ceiling"),
        Udf::new("sign", one_number, same, sign),
        Udf::new("mod", two_whole, widest, modulo),
        Udf::new("pi", no_args, double, |_, _| {
            array(Float64Array::from(vec![std::f64::consts::PI]))
        }),
        Udf::new("power", two_doubles, double, |a, _| binary(a, f64::powf)).alias("pow"),
        Udf::new("log", log_args, double, log),
    ];
    let unary: [(&'static str, super::udf::Body); 15] = [
        ("sqrt", |a, _| unary(a, f64::sqrt)),
        ("ln", |a, _| unary(a, f64::ln)),
        ("log10", |a, _| unary(a, f64::log10)),
        ("log2", |a, _| unary(a, f64::log2)),
        ("exp", |a, _| unary(a, f64::exp)),
        ("sin", |a, _| unary(a, f64::sin)),
        ("cos", |a, _| unary(a, f64::cos)),
        ("tan", |a, _| unary(a, f64::tan)),
        ("asin", |a, _| unary(a, f64::asin)),
        ("acos", |a, _| unary(a, f64::acos)),
        ("atan", |a, _| unary(a, f64::atan)),
        ("sinh", |a, _| unary(a, f64::sinh)),
        ("cosh", |a, _| unary(a, f64::cosh)),
        ("tanh", |a, _| unary(a, f64::tanh)),
        ("degrees", |a, _| unary(a, f64::to_degrees)),
    ];
    all.extend(unary.into_iter().map(|(name, body)| Udf::new(name, one_double, double, body)));
    all
}

fn no_args(types: &[DataType]) -> Result<Vec<DataType>> {
    if types.is_empty() { Ok(vec![]) } else { Err(usage("it takes no argument")) }
}

fn one_double(types: &[DataType]) -> Result<Vec<DataType>> {
    match types {
        [t] if t.is_numeric() || t.is_null() => Ok(vec![DataType::Float64]),
        _ => Err(usage("it takes one number")),
    }
}

fn two_doubles(types: &[DataType]) -> Result<Vec<DataType>> {
    match types {
        [a, b] if a.is_numeric() && b.is_numeric() => Ok(vec![DataType::Float64; 2]),
        _ => Err(usage("it takes two numbers")),
    }
}

fn log_args(types: &[DataType]) -> Result<Vec<DataType>> {
    if types.len() == 1 { one_double(types) } else { two_doubles(types) }
}

fn one_number(types: &[DataType]) -> Result<Vec<DataType>> {
    match types {
        [t] if t.is_numeric() => Ok(vec![t.clone()]),
        _ => Err(usage("it takes one number")),
    }
}

fn two_whole(types: &[DataType]) -> Result<Vec<DataType>> {
    match types {
        [a, b] if a.is_integer() && b.is_integer() => {
            let wide = *a == DataType::Int64 || *b == DataType::Int64;
            Ok(vec![if wide { DataType::Int64 } else { DataType::Int32 }; 2])
        }
        _ => Err(usage("it takes two whole numbers")),
    }
}

fn round_args(types: &[DataType]) -> Result<Vec<DataType>> {
    match types {
        [t] if t.is_numeric() => Ok(vec![t.clone()]),
        [t, places] if t.is_numeric() && places.is_integer() => {
            Ok(vec![t.clone(), DataType::Int32])
        }
        _ => Err(usage("it takes a number and, optionally, a number of digits")),
    }
}

fn same(types: &[DataType]) -> Result<DataType> {
    Ok(types.first().cloned().unwrap_or(DataType::Null))
}

fn widest(types: &[DataType]) -> Result<DataType> {
    same(types)
}

fn double(_: &[DataType]) -> Result<DataType> {
    Ok(DataType::Float64)
}

/// FLOOR and CEIL of a decimal have no digits after the point; other types stay.
fn whole(types: &[DataType]) -> Result<DataType> {
    match types {
        [DataType::Decimal128(p, s)] => {
            let precision = (i16::from(*p) - i16::from(*s) + 1).clamp(1, 38);
            Ok(DataType::Decimal128(precision as u8, 0))
        }
        _ => same(types),
    }
}

/// ROUND to whole numbers drops the scale; ROUND to digits keeps the column's, since digits may differ by row.
fn rounded(types: &[DataType]) -> Result<DataType> {
    match types {
        [DataType::Decimal128(..)] => whole(types),
        _ => same(types),
    }
}

fn unary(args: &[ArrayRef], f: fn(f64) -> f64) -> Result<ArrayRef> {
    let values: Float64Array = typed(args, 0)?;
    array(values.unary::<_, Float64Type>(f))
}

fn binary(args: &[ArrayRef], f: fn(f64, f64) -> f64) -> Result<ArrayRef> {
    let (a, b): (Float64Array, Float64Array) = (typed(args, 0)?, typed(args, 1)?);
    array(a.iter().zip(b.iter()).map(|(a, b)| Some(f(a?, b?))).collect::<Float64Array>())
}

fn log(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    if args.len() == 1 { unary(args, f64::ln) } else { binary(args, |base, x| x.ln() / base.ln()) }
}

fn modulo(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    let (a, b) = (to_i64(args, 0)?, to_i64(args, 1)?);
    let rest = a.iter().zip(b.iter()).map(|(a, b)| a?.checked_rem(b?)).collect::<Int64Array>();
    Ok(cast(&rest, result)?)
}

fn to_i64(args: &[ArrayRef], index: usize) -> Result<Int64Array> {
    let Some(values) = args.get(index) else { return Err(usage("an argument is missing")) };
    Ok(cast(values, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
}

/// Applies one function to whole numbers, another to doubles, a third to the digits of decimals.
fn by_type(
    args: &[ArrayRef],
    result: &DataType,
    on_whole: impl Fn(i64) -> i64,
    on_double: impl Fn(f64) -> f64,
    on_decimal: impl Fn(i128, i8) -> i128,
) -> Result<ArrayRef> {
    let Some(values) = args.first() else { return Err(usage("an argument is missing")) };
    match values.data_type() {
        DataType::Decimal128(_, scale) => {
            let digits = values.as_primitive::<Decimal128Type>();
            let changed = digits.unary::<_, Decimal128Type>(|d| on_decimal(d, *scale));
            decimal(&changed, result)
        }
        t if t.is_integer() => {
            let values = to_i64(args, 0)?.unary::<_, Int64Type>(on_whole);
            Ok(cast(&values, result)?)
        }
        _ => {
            let values = cast(values, &DataType::Float64)?;
            let changed = values.as_primitive::<Float64Type>().unary::<_, Float64Type>(on_double);
            Ok(cast(&changed, result)?)
        }
    }
}

fn decimal(digits: &Decimal128Array, result: &DataType) -> Result<ArrayRef> {
    match result {
        DataType::Decimal128(p, s) => {
            Ok(Arc::new(digits.clone().with_precision_and_scale(*p, *s)?))
        }
        _ => Err(usage("a decimal stays a decimal")),
    }
}

fn abs(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    by_type(args, result, i64::wrapping_abs, f64::abs, |d, _| d.abs())
}

fn sign(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    let of_double = |x: f64| if x == 0.0 { 0.0 } else { x.signum() };
    by_type(args, result, i64::signum, of_double, |d, s| d.signum() * ten(s))
}

fn floor(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    by_type(args, result, |x| x, f64::floor, |d, s| d.div_euclid(ten(s)))
}

fn ceil(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    by_type(args, result, |x| x, f64::ceil, |d, s| -((-d).div_euclid(ten(s))))
}

fn ten(power: i8) -> i128 {
    10_i128.checked_pow(power.max(0).cast_unsigned().into()).unwrap_or(i128::MAX)
}

fn round(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    to_digits(args, result, |value, unit| {
        let half = if (value % unit).abs() * 2 >= unit { value.signum() } else { 0 };
        value / unit + half
    })
}

fn truncate(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    to_digits(args, result, |value, unit| value / unit)
}

/// Cuts to a number of digits after the point; `quotient` says how many units a value has.
fn to_digits(
    args: &[ArrayRef],
    result: &DataType,
    quotient: fn(i128, i128) -> i128,
) -> Result<ArrayRef> {
    let Some(values) = args.first() else { return Err(usage("an argument is missing")) };
    let places: Int32Array = match args.get(1) {
        Some(places) => places.as_primitive::<Int32Type>().clone(),
        None => Int32Array::from(vec![0; values.len()]),
    };
    let rows = places.iter();
    match values.data_type() {
        DataType::Decimal128(_, scale) => {
            let kept = if args.len() == 1 { 0 } else { *scale };
            let digits =
                values.as_primitive::<Decimal128Type>().iter().zip(rows).map(|(d, places)| {
                    let drop = i32::from(*scale) - places?;
                    let unit = ten(i8::try_from(drop.clamp(0, 38)).unwrap_or(38));
                    let units = quotient(d?, unit);
                    let rescale = i32::from(kept) - i32::from(*scale) + drop.max(0);
                    Some(units * ten(i8::try_from(rescale.max(0)).unwrap_or(0)))
                });
            decimal(&digits.collect(), result)
        }
        t if t.is_integer() => {
            let values = to_i64(args, 0)?;
            let rounded = values.iter().zip(rows).map(|(v, places)| {
                let unit = ten(i8::try_from((-places?).clamp(0, 18)).unwrap_or(18));
                i64::try_from(quotient(i128::from(v?), unit) * unit).ok()
            });
            Ok(cast(&rounded.collect::<Int64Array>(), result)?)
        }
        _ => {
            let doubles = cast(values, &DataType::Float64)?;
            let rounded =
                doubles.as_primitive::<Float64Type>().iter().zip(rows).map(|(v, places)| {
                    let unit = 10_f64.powi(places?);
                    let scaled = v? * unit;
                    let is_round = quotient(15, 10) == 2;
                    Some(if is_round { scaled.round() } else { scaled.trunc() } / unit)
                });
            Ok(cast(&rounded.collect::<Float64Array>(), result)?)
        }
    }
}

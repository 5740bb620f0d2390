//! One made-up column: random values in a range, or a sequence.

use arrow::{
    array::{
        ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array, StringArray,
        TimestampMillisecondArray,
    },
    compute::cast,
    datatypes::DataType,
    error::ArrowError,
};
use pancake_sql::connector::{Column, ConnectorError, Options};
use pancake_types::Timestamp;
use std::sync::Arc;

use crate::{format::is_text, generator::Dice};

/// Longest made-up text.
const LENGTH_MAX: u64 = 10_000;
/// The moment that made-up timestamps lie before: 2026-05-01 09:00:00, so that a run can be repeated.
const NOW: Timestamp = Timestamp::from_millis(1_777_626_000_000);

/// How a column's values are made.
#[derive(Clone, Debug)]
pub(super) struct Field {
    data_type: DataType,
    null_rate: f64,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Sequence { start: i64, end: i64 },
    Whole { min: i64, max: i64 },
    Real { min: f64, max: f64 },
    Decimal { min: i128, max: i128 },
    Text { length: usize },
    Truth,
    Moment { past_ms: u64 },
}

impl Field {
    pub(super) fn of(column: &Column, options: &Options) -> Result<Self, ConnectorError> {
        let name = |part: &str| format!("fields.{}.{part}", column.name);
        let null_rate = options.parse(&name("null-rate"), "a share from 0 to 1")?;
        let kind = match options.one_of(&name("kind"), &["random", "sequence"])? {
            Some("sequence") => {
                options.required(&name("start"))?;
                options.required(&name("end"))?;
                let bound = |part| options.parse(&name(part), "a whole number");
                let (start, end) = (bound("start")?, bound("end")?);
                Kind::Sequence { start: start.unwrap_or_default(), end: end.unwrap_or_default() }
            }
            _ => random(column, options)?,
        };
        let data_type = column.data_type.clone();
        Ok(Self { data_type, null_rate: null_rate.unwrap_or(0.0), kind })
    }

    /// A sequence ends, and the table with it.
    pub(super) fn rows_max(&self) -> Option<u64> {
        match self.kind {
            Kind::Sequence { start, end } => {
                Some(end.saturating_sub(start).max(-1).wrapping_add(1).cast_unsigned())
            }
            _ => None,
        }
    }

    /// The values of some rows; `dice` are each row's own draws for this column.
    pub(super) fn column(
        &self,
        first: u64,
        dice: impl Iterator<Item = Dice>,
    ) -> Result<ArrayRef, ArrowError> {
        let values = dice.map(|mut dice| {
            let is_null = dice.chance(self.null_rate);
            (!is_null).then_some(dice)
        });
        let column: ArrayRef = match self.kind {
            Kind::Sequence { start, .. } => {
                let numbers = values
                    .zip(first..)
                    .map(|(dice, row)| dice.map(|_| start.saturating_add(row.cast_signed())));
                Arc::new(numbers.collect::<Int64Array>())
            }
            Kind::Whole { min, max } => {
                let whole = |mut dice: Dice| whole(&mut dice, min, max);
                Arc::new(values.map(|dice| dice.map(whole)).collect::<Int64Array>())
            }
            Kind::Real { min, max } => {
                let real = |mut dice: Dice| min + dice.unit() * (max - min);
                Arc::new(values.map(|dice| dice.map(real)).collect::<Float64Array>())
            }
            Kind::Decimal { min, max } => {
                let decimal = |mut dice: Dice| {
                    let span = u64::try_from((max - min).max(0)).unwrap_or(u64::MAX);
                    min + i128::from(dice.below(span.saturating_add(1)))
                };
                let values = values.map(|dice| dice.map(decimal));
                let column = values.collect::<Decimal128Array>();
                Arc::new(column.with_data_type(self.data_type.clone()))
            }
            Kind::Text { length } => {
                let text = |dice: Dice| text(dice, length);
                Arc::new(values.map(|dice| dice.map(text)).collect::<StringArray>())
            }
            Kind::Truth => {
                let truth = |mut dice: Dice| dice.chance(0.5);
                Arc::new(values.map(|dice| dice.map(truth)).collect::<BooleanArray>())
            }
            Kind::Moment { past_ms } => {
                let moment = |mut dice: Dice| {
                    NOW.millis() - dice.below(past_ms.saturating_add(1)).cast_signed()
                };
                let values = values.map(|dice| dice.map(moment));
                Arc::new(values.collect::<TimestampMillisecondArray>())
            }
        };
        cast(&column, &self.data_type)
    }
}

fn random(column: &Column, options: &Options) -> Result<Kind, ConnectorError> {
    let name = |part: &str| format!("fields.{}.{part}", column.name);
    let whole = |part, default: i64| -> Result<i64, ConnectorError> {
        Ok(options.parse(&name(part), "a whole number")?.unwrap_or(default))
    };
    let real = |part, default: f64| -> Result<f64, ConnectorError> {
        Ok(options.parse(&name(part), "a number")?.unwrap_or(default))
    };
    let (least, most) = match &column.data_type {
        DataType::Int8 => (i64::from(i8::MIN), i64::from(i8::MAX)),
        DataType::Int16 => (i64::from(i16::MIN), i64::from(i16::MAX)),
        DataType::Int32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    match &column.data_type {
        data_type if data_type.is_integer() => {
            Ok(Kind::Whole { min: whole("min", least)?, max: whole("max", most)? })
        }
        data_type if data_type.is_floating() => {
            Ok(Kind::Real { min: real("min", 0.0)?, max: real("max", 1.0)? })
        }
        DataType::Decimal128(precision, scale) => {
            let unit = 10_f64.powi(i32::from(*scale));
            let most = 10_f64.powi(i32::from(*precision).min(15)) / unit - 1.0 / unit;
            let (min, max) = (real("min", 0.0)?, real("max", most)?);
            Ok(Kind::Decimal { min: (min * unit) as i128, max: (max * unit) as i128 })
        }
        data_type if is_text(data_type) => {
            let length = options.u64_or(&name("length"), 100)?;
            if length > LENGTH_MAX {
                let expected = format!("at most {LENGTH_MAX}");
                return Err(options.malformed(&name("length"), &expected).into());
            }
            Ok(Kind::Text { length: length as usize })
        }
        DataType::Boolean => Ok(Kind::Truth),
        DataType::Timestamp(_, _) => {
            let past = options.duration(&name("max-past"))?.unwrap_or_default();
            Ok(Kind::Moment { past_ms: past.as_millis() as u64 })
        }
        other => Err(ConnectorError::Unsupported {
            connector: "datagen".to_owned(),
            what: format!("column `{}` of type {other}", column.name),
        }),
    }
}

fn whole(dice: &mut Dice, min: i64, max: i64) -> i64 {
    let span = max.max(min).wrapping_sub(min).cast_unsigned();
    let draw = match span.checked_add(1) {
        Some(bound) => dice.below(bound),
        None => dice.below(u64::MAX),
    };
    min.wrapping_add_unsigned(draw)
}

fn text(mut dice: Dice, length: usize) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |_| char::from(DIGITS.get(dice.index(16)).copied().unwrap_or(b'0'));
    (0..length).map(digit).collect()
}

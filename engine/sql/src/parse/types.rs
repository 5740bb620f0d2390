//! Flink's types: how they are written, and what they are in Arrow.
//!
//! * Times to the millisecond (`TIMESTAMP(0)` to `(3)`) are Arrow's milliseconds; finer ones micro- or nanoseconds.
//! * `TIMESTAMP_LTZ` is a moment: Arrow's timestamp with the zone UTC.

use std::sync::Arc;

use arrow::datatypes::{DataType as ArrowType, Field, Fields, TimeUnit};
use datafusion::sql::sqlparser::{
    ast::{
        ArrayElemTypeDef, CharacterLength, DataType, ExactNumberInfo, StructBracketKind,
        StructField, TimezoneInfo,
    },
    parser::{Parser, ParserError},
    tokenizer::Token,
};

use super::statement::{at_word, eat};

/// Precision of `DECIMAL` without one, as in Flink.
const DECIMAL_PRECISION: u64 = 10;
/// Precision of `TIMESTAMP` without one, as in Flink.
const TIMESTAMP_PRECISION: u64 = 6;

/// Parses a type; maps and rows may nest, which the stock parser does not read in Flink's form.
pub(super) fn parse(p: &mut Parser<'_>) -> Result<DataType, ParserError> {
    if at_word(p, 0, "MAP") && p.peek_nth_token(1).token == Token::Lt {
        p.next_token();
        p.next_token();
        let key = parse(p)?;
        p.expect_token(&Token::Comma)?;
        let value = parse(p)?;
        p.expect_token(&Token::Gt)?;
        return Ok(DataType::Map(Box::new(key), Box::new(value)));
    }
    if at_word(p, 0, "STRUCT") && p.peek_nth_token(1).token == Token::Lt {
        p.next_token();
        p.next_token();
        let fields = p.parse_comma_separated(|p| {
            let field_name = Some(p.parse_identifier()?);
            Ok(StructField { field_name, field_type: parse(p)?, options: None })
        })?;
        p.expect_token(&Token::Gt)?;
        return Ok(DataType::Struct(fields, StructBracketKind::AngleBrackets));
    }
    let data_type = p.parse_data_type()?;
    if matches!(data_type, DataType::Timestamp(..)) && eat(p, "LTZ") {
        return p.expected("TIMESTAMP_LTZ", p.peek_token());
    }
    Ok(data_type)
}

/// A type in Arrow and as Flink writes it, or `None` if Flink or this engine does not have it.
pub(crate) fn resolve(data_type: &DataType) -> Option<(ArrowType, String)> {
    use DataType as S;
    Some(match data_type {
        S::TinyInt(_) => (ArrowType::Int8, "TINYINT".into()),
        S::SmallInt(_) => (ArrowType::Int16, "SMALLINT".into()),
        S::Int(_) | S::Integer(_) => (ArrowType::Int32, "INT".into()),
        S::BigInt(_) => (ArrowType::Int64, "BIGINT".into()),
        S::Float(_) | S::Real => (ArrowType::Float32, "FLOAT".into()),
        S::Double(_) | S::DoublePrecision => (ArrowType::Float64, "DOUBLE".into()),
        S::Boolean | S::Bool => (ArrowType::Boolean, "BOOLEAN".into()),
        S::Date => (ArrowType::Date32, "DATE".into()),
        S::String(None) | S::Varchar(None) => (ArrowType::Utf8, "STRING".into()),
        S::Varchar(Some(length)) => (ArrowType::Utf8, format!("VARCHAR({})", characters(length)?)),
        S::Char(length) | S::Character(length) => {
            let length = length.as_ref().map_or(Some(1), characters)?;
            (ArrowType::Utf8, format!("CHAR({length})"))
        }
        S::Bytes(_) | S::Varbinary(_) | S::Binary(_) => (ArrowType::Binary, "BYTES".into()),
        S::Decimal(info) | S::Numeric(info) | S::Dec(info) => decimal(info)?,
        S::Time(precision, _) => {
            let precision = precision.unwrap_or(0);
            (ArrowType::Time32(TimeUnit::Millisecond), format!("TIME({precision})"))
        }
        S::Timestamp(precision, zone) => timestamp(*precision, is_local(*zone))?,
        S::Custom(name, modifiers) => custom(&name.to_string(), modifiers)?,
        S::Array(ArrayElemTypeDef::AngleBracket(item)) => {
            let (item, text) = resolve(item)?;
            (ArrowType::new_list(item, true), format!("ARRAY<{text}>"))
        }
        S::Map(key, value) => map(key, value)?,
        S::Struct(fields, _) => row(fields)?,
        _ => return None,
    })
}

fn characters(length: &CharacterLength) -> Option<u64> {
    match length {
        CharacterLength::IntegerLength { length, .. } => Some(*length),
        CharacterLength::Max => None,
    }
}

fn decimal(info: &ExactNumberInfo) -> Option<(ArrowType, String)> {
    let (precision, scale) = match info {
        ExactNumberInfo::None => (DECIMAL_PRECISION, 0),
        ExactNumberInfo::Precision(precision) => (*precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => (*precision, *scale),
    };
    let (p, s) = (u8::try_from(precision).ok()?, i8::try_from(scale).ok()?);
    let valid = (1..=38).contains(&p) && (0..=38).contains(&s) && i16::from(s) <= i16::from(p);
    valid.then(|| (ArrowType::Decimal128(p, s), format!("DECIMAL({p}, {s})")))
}

fn is_local(zone: TimezoneInfo) -> bool {
    matches!(zone, TimezoneInfo::Tz | TimezoneInfo::WithTimeZone)
}

fn timestamp(precision: Option<u64>, local: bool) -> Option<(ArrowType, String)> {
    let precision = precision.unwrap_or(TIMESTAMP_PRECISION);
    let unit = match precision {
        0..=3 => TimeUnit::Millisecond,
        4..=6 => TimeUnit::Microsecond,
        7..=9 => TimeUnit::Nanosecond,
        _ => return None,
    };
    let (zone, name) =
        if local { (Some("UTC".into()), "TIMESTAMP_LTZ") } else { (None, "TIMESTAMP") };
    Some((ArrowType::Timestamp(unit, zone), format!("{name}({precision})")))
}

fn custom(name: &str, modifiers: &[String]) -> Option<(ArrowType, String)> {
    match name.to_uppercase().as_str() {
        "TIMESTAMP_LTZ" => {
            let precision = modifiers.first().map(|m| m.parse()).transpose().ok()?;
            timestamp(precision, true)
        }
        "STRING" => Some((ArrowType::Utf8, "STRING".into())),
        "BYTES" => Some((ArrowType::Binary, "BYTES".into())),
        _ => None,
    }
}

fn map(key: &DataType, value: &DataType) -> Option<(ArrowType, String)> {
    let ((key, key_text), (value, value_text)) = (resolve(key)?, resolve(value)?);
    let entries =
        Fields::from(vec![Field::new("key", key, false), Field::new("value", value, true)]);
    let entries = Field::new("entries", ArrowType::Struct(entries), false);
    Some((ArrowType::Map(Arc::new(entries), false), format!("MAP<{key_text}, {value_text}>")))
}

fn row(fields: &[StructField]) -> Option<(ArrowType, String)> {
    let mut resolved = vec![];
    let mut texts = vec![];
    for field in fields {
        let name = &field.field_name.as_ref()?.value;
        let (data_type, text) = resolve(&field.field_type)?;
        resolved.push(Field::new(name, data_type, true));
        texts.push(format!("`{name}` {text}"));
    }
    Some((ArrowType::Struct(resolved.into()), format!("ROW<{}>", texts.join(", "))))
}

/// How Flink would write an Arrow type: the way back, for columns that a query made.
pub fn sql_type(data_type: &ArrowType) -> String {
    use ArrowType as A;
    let precision = |unit: &TimeUnit| match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    };
    match data_type {
        A::Int8 => "TINYINT".into(),
        A::Int16 => "SMALLINT".into(),
        A::Int32 => "INT".into(),
        A::Int64 => "BIGINT".into(),
        A::Float32 => "FLOAT".into(),
        A::Float64 => "DOUBLE".into(),
        A::Boolean => "BOOLEAN".into(),
        A::Date32 => "DATE".into(),
        A::Utf8 | A::LargeUtf8 | A::Utf8View => "STRING".into(),
        A::Binary | A::LargeBinary | A::BinaryView => "BYTES".into(),
        A::Decimal128(p, s) => format!("DECIMAL({p}, {s})"),
        A::Time32(_) | A::Time64(_) => "TIME(0)".into(),
        A::Timestamp(unit, None) => format!("TIMESTAMP({})", precision(unit)),
        A::Timestamp(unit, Some(_)) => format!("TIMESTAMP_LTZ({})", precision(unit)),
        A::List(item) => format!("ARRAY<{}>", sql_type(item.data_type())),
        A::Struct(fields) => {
            let fields =
                fields.iter().map(|f| format!("`{}` {}", f.name(), sql_type(f.data_type())));
            format!("ROW<{}>", fields.collect::<Vec<_>>().join(", "))
        }
        A::Map(entries, _) => match entries.data_type() {
            A::Struct(kv) => {
                let parts = kv.iter().map(|f| sql_type(f.data_type())).collect::<Vec<_>>();
                format!("MAP<{}>", parts.join(", "))
            }
            other => format!("MAP<{}>", sql_type(other)),
        },
        A::Null => "NULL".into(),
        other => other.to_string(),
    }
}

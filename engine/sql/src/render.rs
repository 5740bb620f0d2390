//! Rows as JSON and as text, as Flink's clients show them.
//!
//! * Times are `yyyy-MM-dd HH:mm:ss` with as many digits as the type has (`.SSS` for TIMESTAMP(3)).
//! * Decimals are JSON numbers where a double carries all their digits, else strings; as text they are written in full.
//! * NaN and the infinities are strings, since JSON has no such numbers; bytes are base64.

use std::fmt::Write as _;

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    datatypes::{
        DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type,
        Int32Type, Int64Type, Time32MillisecondType, TimeUnit, TimestampMicrosecondType,
        TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    },
    util::display::{ArrayFormatter, FormatOptions},
};
use chrono::{DateTime, NaiveDateTime, NaiveTime};
use pancake_dataflow::{ChangeBatch, RowKind};
use serde_json::{Map, Number, Value};

/// Bytes as digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The rows of a batch as JSON objects.
pub fn json_rows(batch: &RecordBatch) -> Vec<Value> {
    (0..batch.num_rows()).map(|row| json_row(batch, row)).collect()
}

/// One row of a batch as a JSON object, columns in their order.
pub fn json_row(batch: &RecordBatch, row: usize) -> Value {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns());
    Value::Object(columns.map(|(f, column)| (f.name().clone(), json_value(column, row))).collect())
}

/// The changes of a batch as `{"op": "+I", "row": {…}}`.
pub fn json_changes(batch: &ChangeBatch) -> Vec<Value> {
    let change = |row| change(batch.kind(row), json_row(batch.rows(), row));
    (0..batch.num_rows()).map(change).collect()
}

fn change(kind: RowKind, row: Value) -> Value {
    let op = Value::String(kind.short().to_owned());
    Value::Object(Map::from_iter([("op".to_owned(), op), ("row".to_owned(), row)]))
}

/// A type in Flink's words, such as `TIMESTAMP(3)`.
pub fn type_name(data_type: &DataType) -> String {
    crate::parse::types::sql_type(data_type)
}

/// One value as JSON.
pub fn json_value(column: &ArrayRef, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Boolean => Value::Bool(column.as_boolean().value(row)),
        DataType::Int8 => column.as_primitive::<Int8Type>().value(row).into(),
        DataType::Int16 => column.as_primitive::<Int16Type>().value(row).into(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).into(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
        DataType::Float32 => float(column.as_primitive::<Float32Type>().value(row).to_string()),
        DataType::Float64 => double(column.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal128(_, scale) => {
            decimal(column.as_primitive::<Decimal128Type>().value(row), *scale)
        }
        DataType::Utf8 => column.as_string::<i32>().value(row).into(),
        DataType::Binary => base64(column.as_binary::<i32>().value(row)).into(),
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            Value::Array((0..items.len()).map(|i| json_value(&items, i)).collect())
        }
        DataType::Struct(fields) => {
            let columns = column.as_struct().columns();
            let values = fields.iter().zip(columns);
            Value::Object(values.map(|(f, c)| (f.name().clone(), json_value(c, row))).collect())
        }
        DataType::Map(..) => map(column, row),
        _ => Value::String(text_value(column, row)),
    }
}

/// One value as text; NULL is `NULL`, text itself is not quoted.
pub fn text_value(column: &ArrayRef, row: usize) -> String {
    if column.is_null(row) {
        return "NULL".to_owned();
    }
    match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::Boolean => column.as_boolean().value(row).to_string().to_uppercase(),
        DataType::Date32 => days(column.as_primitive::<Date32Type>().value(row)),
        DataType::Time32(TimeUnit::Millisecond) => {
            time(column.as_primitive::<Time32MillisecondType>().value(row))
        }
        DataType::Timestamp(unit, _) => timestamp(column, row, *unit),
        DataType::Decimal128(_, scale) => {
            decimal_text(column.as_primitive::<Decimal128Type>().value(row), *scale)
        }
        DataType::Float64 => double_text(column.as_primitive::<Float64Type>().value(row)),
        DataType::Float32 => double_text(column.as_primitive::<Float32Type>().value(row).into()),
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            let texts = (0..items.len()).map(|i| text_value(&items, i));
            format!("[{}]", texts.collect::<Vec<_>>().join(", "))
        }
        DataType::Struct(_) => {
            let fields = column.as_struct().columns().iter().map(|field| text_value(field, row));
            format!("({})", fields.collect::<Vec<_>>().join(", "))
        }
        DataType::Map(..) => map(column, row).to_string(),
        DataType::Binary => {
            format!("x'{}'", hex(column.as_binary::<i32>().value(row)))
        }
        _ => {
            let options = FormatOptions::default();
            ArrayFormatter::try_new(column.as_ref(), &options).map_or_else(
                |error| error.to_string(),
                |formatter| formatter.value(row).to_string(),
            )
        }
    }
}

fn double(value: f64) -> Value {
    Number::from_f64(value).map_or_else(|| Value::String(double_text(value)), Value::Number)
}

fn float(shortest: String) -> Value {
    match shortest.parse::<f64>().ok().and_then(Number::from_f64) {
        Some(number) => Value::Number(number),
        None => Value::String(shortest),
    }
}

fn double_text(value: f64) -> String {
    match value {
        v if v.is_nan() => "NaN".to_owned(),
        v if v.is_infinite() => if v > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        // As Java prints: plain between a thousandth and ten million, else with an exponent.
        v if v == 0.0 || (1e-3..1e7).contains(&v.abs()) => format!("{v:?}"),
        v => {
            let text = format!("{v:e}");
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let point = if digits.contains('.') { "" } else { ".0" };
            format!("{digits}{point}E{exponent}")
        }
    }
}

/// All digits of a decimal. A JSON number carries what a double can; longer ones stay text.
fn decimal(value: i128, scale: i8) -> Value {
    let text = decimal_text(value, scale);
    match text.parse::<f64>().ok().and_then(Number::from_f64) {
        Some(number) if value.unsigned_abs() < 1 << 53 => Value::Number(number),
        _ => Value::String(text),
    }
}

fn decimal_text(value: i128, scale: i8) -> String {
    let scale = usize::try_from(scale).unwrap_or(0);
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at_checked(digits.len() - scale).unwrap_or((&digits, ""));
    let sign = if value < 0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn days(days: i32) -> String {
    DateTime::from_timestamp(i64::from(days) * 86_400, 0)
        .map_or_else(|| days.to_string(), |date| date.format("%Y-%m-%d").to_string())
}

fn time(ms: i32) -> String {
    let seconds = u32::try_from(ms / 1_000).unwrap_or(0);
    NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0)
        .map_or_else(|| ms.to_string(), |time| time.format("%H:%M:%S").to_string())
}

fn timestamp(column: &ArrayRef, row: usize, unit: TimeUnit) -> String {
    let (moment, format): (Option<DateTime<_>>, &str) = match unit {
        TimeUnit::Second => {
            let seconds = column.as_primitive::<TimestampSecondType>().value(row);
            (DateTime::from_timestamp(seconds, 0), "%Y-%m-%d %H:%M:%S")
        }
        TimeUnit::Millisecond => {
            let ms = column.as_primitive::<TimestampMillisecondType>().value(row);
            (DateTime::from_timestamp_millis(ms), "%Y-%m-%d %H:%M:%S%.3f")
        }
        TimeUnit::Microsecond => {
            let us = column.as_primitive::<TimestampMicrosecondType>().value(row);
            (DateTime::from_timestamp_micros(us), "%Y-%m-%d %H:%M:%S%.6f")
        }
        TimeUnit::Nanosecond => {
            let ns = column.as_primitive::<TimestampNanosecondType>().value(row);
            (Some(DateTime::from_timestamp_nanos(ns)), "%Y-%m-%d %H:%M:%S%.9f")
        }
    };
    let moment: Option<NaiveDateTime> = moment.map(|moment| moment.naive_utc());
    moment.map_or_else(|| "out of range".to_owned(), |moment| moment.format(format).to_string())
}

fn map(column: &ArrayRef, row: usize) -> Value {
    let entries = column.as_map().value(row);
    let [keys, values] = entries.columns() else { return Value::Null };
    let pair = |i| (text_value(keys, i), json_value(values, i));
    Value::Object((0..entries.len()).map(pair).collect())
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let six = usize::try_from(word >> (18 - 6 * i) & 63).unwrap_or(0);
            let letter = BASE64.get(six).map_or('=', |letter| char::from(*letter));
            let _ = write!(text, "{}", if i <= chunk.len() { letter } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Date32Array, Decimal128Array, Float64Array, TimestampMillisecondArray};

    use super::*;

    #[track_caller]
    fn check_text(column: impl Array + 'static, text: &str) {
        let column: ArrayRef = Arc::new(column);
        assert_eq!(text_value(&column, 0), text);
    }

    #[test]
    fn values_are_written_as_flink_writes_them() {
        check_text(
            TimestampMillisecondArray::from(vec![1_709_210_096_789]),
            "2024-02-29 12:34:56.789",
        );
        check_text(TimestampMillisecondArray::from(vec![-1]), "1969-12-31 23:59:59.999");
        check_text(Date32Array::from(vec![19_782]), "2024-02-29");
        check_text(Float64Array::from(vec![3.0]), "3.0");
        check_text(Float64Array::from(vec![f64::NAN]), "NaN");
        let decimal =
            |value| Decimal128Array::from(vec![value]).with_precision_and_scale(5, 2).unwrap();
        check_text(decimal(750), "7.50");
        check_text(decimal(-5), "-0.05");
    }

    #[test]
    fn bytes_are_base64() {
        assert_eq!(base64(b"abc"), "YWJj");
        assert_eq!(base64(b"ab"), "YWI=");
        assert_eq!(base64(b"a"), "YQ==");
        assert_eq!(base64(b""), "");
    }
}

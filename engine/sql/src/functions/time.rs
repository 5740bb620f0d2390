//! Functions of dates and times. Times without a zone are taken as UTC, the only session zone there is.

#![allow(clippy::unnecessary_wraps, reason = "all functions have one shape")]

use arrow::{
    array::{
        Array, ArrayRef, AsArray, Date32Array, Int32Array, Int64Array, StringArray,
        TimestampMillisecondArray,
    },
    compute::cast,
    datatypes::{DataType, Int64Type, TimeUnit},
};
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, TimeDelta, Timelike};
use datafusion::common::Result;

use super::udf::{Udf, array, fail, typed, usage};

const MILLIS: DataType = DataType::Timestamp(TimeUnit::Millisecond, None);
const DAY_MS: i64 = 86_400_000;

/// All functions of time.
pub(super) fn all() -> Vec<Udf> {
    let mut all = vec![
        Udf::new("date_format", time_text, text, date_format),
        Udf::new("to_timestamp", texts, millis, to_timestamp),
        Udf::new("to_date", texts, date, to_date),
        Udf::new("to_timestamp_ltz", ltz_args, moment, to_timestamp_ltz),
        Udf::new("unix_timestamp", texts, bigint, unix_timestamp),
        Udf::new("from_unixtime", unix_args, text, from_unixtime),
        Udf::new("timestampdiff", diff_args, int, timestampdiff),
        Udf::new("timestampadd", add_args, millis, timestampadd),
        Udf::new("__floor_to", time_unit, millis, |a, _| round_to(a, false)),
        Udf::new("__ceil_to", time_unit, millis, |a, _| round_to(a, true)),
        Udf::new("__extract", unit_time, bigint, |a, _| extract(&unit_of(a, 0)?, a, 1)),
    ];
    let parts: [(&'static str, super::udf::Body); 9] = [
        ("year", |a, _| extract("YEAR", a, 0)),
        ("quarter", |a, _| extract("QUARTER", a, 0)),
        ("month", |a, _| extract("MONTH", a, 0)),
        ("week", |a, _| extract("WEEK", a, 0)),
        ("dayofmonth", |a, _| extract("DAY", a, 0)),
        ("dayofyear", |a, _| extract("DOY", a, 0)),
        ("hour", |a, _| extract("HOUR", a, 0)),
        ("minute", |a, _| extract("MINUTE", a, 0)),
        ("second", |a, _| extract("SECOND", a, 0)),
    ];
    all.extend(parts.into_iter().map(|(name, body)| Udf::new(name, one_time, bigint, body)));
    all.push(Udf::new("dayofweek", one_time, bigint, |a, _| extract("DOW", a, 0)));
    all
}

fn is_time(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(..) | DataType::Date32 | DataType::Utf8)
}

fn one_time(types: &[DataType]) -> Result<Vec<DataType>> {
    match types {
        [time] if is_time(time) => Ok(vec![MILLIS]),
        _ => Err(usage("it takes one time")),
    }
}

fn time_text(types: &[DataType]) -> Result<Vec<DataType>> {
    match types {
        [time, DataType::Utf8] if is_time(time) => Ok(vec![MILLIS, DataType::Utf8]),
        _ => Err(usage("it takes a time and a pattern such as 'yyyy-MM-dd HH:mm'")),
    }
}

fn time_unit(types: &[DataType]) -> Result<Vec<DataType>> {
    match types {
        [time, _] if is_time(time) => Ok(vec![MILLIS, DataType::Utf8]),
        _ => Err(usage("it takes a time")),
    }
}

fn unit_time(types: &[DataType]) -> Result<Vec<DataType>> {
    match types {
        [_, time] if is_time(time) => Ok(vec![DataType::Utf8, MILLIS]),
        _ => Err(usage("it takes a unit and a time")),
    }
}

fn texts(types: &[DataType]) -> Result<Vec<DataType>> {
    if (1..=2).contains(&types.len()) && types.iter().all(|t| *t == DataType::Utf8 || t.is_null()) {
        return Ok(vec![DataType::Utf8; types.len()]);
    }
    Err(usage("it takes a text and, optionally, a pattern such as 'yyyy-MM-dd HH:mm'"))
}

fn ltz_args(types: &[DataType]) -> Result<Vec<DataType>> {
    match types {
        [n] | [n, _] if n.is_integer() => {
            Ok([DataType::Int64, DataType::Int32].into_iter().take(types.len()).collect())
        }
        _ => texts(types),
    }
}

fn unix_args(types: &[DataType]) -> Result<Vec<DataType>> {
    match types {
        [n] if n.is_integer() => Ok(vec![DataType::Int64]),
        [n, DataType::Utf8] if n.is_integer() => Ok(vec![DataType::Int64, DataType::Utf8]),
        _ => Err(usage("it takes seconds since 1970 and, optionally, a pattern")),
    }
}

fn diff_args(types: &[DataType]) -> Result<Vec<DataType>> {
    match types {
        [_, a, b] if is_time(a) && is_time(b) => Ok(vec![DataType::Utf8, MILLIS, MILLIS]),
        _ => Err(usage("it takes a unit and two times")),
    }
}

fn add_args(types: &[DataType]) -> Result<Vec<DataType>> {
    match types {
        [_, n, time] if n.is_integer() && is_time(time) => {
            Ok(vec![DataType::Utf8, DataType::Int32, MILLIS])
        }
        _ => Err(usage("it takes a unit, a whole number and a time")),
    }
}

fn text(_: &[DataType]) -> Result<DataType> {
    Ok(DataType::Utf8)
}

fn millis(_: &[DataType]) -> Result<DataType> {
    Ok(MILLIS)
}

fn moment(_: &[DataType]) -> Result<DataType> {
    Ok(DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())))
}

fn date(_: &[DataType]) -> Result<DataType> {
    Ok(DataType::Date32)
}

fn bigint(_: &[DataType]) -> Result<DataType> {
    Ok(DataType::Int64)
}

fn int(_: &[DataType]) -> Result<DataType> {
    Ok(DataType::Int32)
}

fn naive(ms: i64) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_millis(ms).map(|time| time.naive_utc())
}

fn ms_of(time: NaiveDateTime) -> i64 {
    time.and_utc().timestamp_millis()
}

/// A time written by a pattern of Java's.
fn formatted(time: NaiveDateTime, pattern: &str) -> Option<String> {
    let mut text = String::new();
    for token in tokens(pattern) {
        match token {
            Token::Text(literal) => text.push_str(&literal),
            Token::Field(letter, count) => text.push_str(&field(time, letter, count)?),
        }
    }
    Some(text)
}

fn field(time: NaiveDateTime, letter: char, count: usize) -> Option<String> {
    let padded = |value: u32| Some(format!("{value:0count$}"));
    let week = time.iso_week();
    match letter {
        'y' | 'u' | 'Y' => {
            let year = if letter == 'Y' { week.year() } else { time.year() };
            Some(if count == 2 {
                format!("{:02}", year.rem_euclid(100))
            } else {
                format!("{year:0count$}")
            })
        }
        'M' | 'L' if count >= 4 => Some(time.format("%B").to_string()),
        'M' | 'L' if count == 3 => Some(time.format("%b").to_string()),
        'M' | 'L' => padded(time.month()),
        'd' => padded(time.day()),
        'D' => padded(time.ordinal()),
        'H' => padded(time.hour()),
        'k' => padded(if time.hour() == 0 { 24 } else { time.hour() }),
        'h' => padded(time.hour12().1),
        'm' => padded(time.minute()),
        's' => padded(time.second()),
        'S' => format!("{:09}", time.nanosecond()).get(..count.min(9)).map(str::to_owned),
        'a' => Some(if time.hour12().0 { "PM" } else { "AM" }.to_owned()),
        'E' if count >= 4 => Some(time.format("%A").to_string()),
        'E' => Some(time.format("%a").to_string()),
        'e' => padded(time.weekday().number_from_sunday()),
        'w' => padded(week.week()),
        'Q' if count == 3 => Some(format!("Q{}", time.month0() / 3 + 1)),
        'Q' => padded(time.month0() / 3 + 1),
        _ => None,
    }
}

enum Token {
    Text(String),
    Field(char, usize),
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut tokens = vec![];
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\'' {
            let quoted: String = chars.by_ref().take_while(|c| *c != '\'').collect();
            tokens.push(Token::Text(if quoted.is_empty() { "'".to_owned() } else { quoted }));
        } else if c.is_ascii_alphabetic() {
            let mut count = 1;
            while chars.next_if_eq(&c).is_some() {
                count += 1;
            }
            tokens.push(Token::Field(c, count));
        } else {
            tokens.push(Token::Text(c.to_string()));
        }
    }
    tokens
}

/// A text read by a pattern of Java's; digits only, as dates in data are.
fn parsed(text: &str, pattern: &str) -> Option<NaiveDateTime> {
    let mut rest = text;
    let (mut year, mut month, mut day) = (1970, 1, 1);
    let (mut hour, mut minute, mut second, mut nanos) = (0, 0, 0, 0);
    for token in tokens(pattern) {
        match token {
            Token::Text(literal) => rest = rest.strip_prefix(&literal)?,
            Token::Field(letter, count) => {
                let digits = rest.bytes().take(count.max(2)).take_while(u8::is_ascii_digit).count();
                let (number, after) = rest.split_at_checked(digits)?;
                let value: u32 = number.parse().ok()?;
                rest = after;
                match letter {
                    'y' | 'u' if count == 2 => year = 2000 + i32::try_from(value).ok()?,
                    'y' | 'u' => year = i32::try_from(value).ok()?,
                    'M' => month = value,
                    'd' => day = value,
                    'H' | 'k' => hour = value % 24,
                    'm' => minute = value,
                    's' => second = value,
                    'S' => nanos = format!("{number:0<9}").parse().ok()?,
                    _ => return None,
                }
            }
        }
    }
    if !rest.is_empty() {
        return None;
    }
    NaiveDate::from_ymd_opt(year, month, day)?.and_hms_nano_opt(hour, minute, second, nanos)
}

/// `yyyy-MM-dd`, with a time and a fraction if there are.
fn parsed_default(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim();
    let with_time = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f");
    with_time
        .ok()
        .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))
}

/// Reads texts, by the pattern in the second argument if there is one.
fn parse_all(args: &[ArrayRef]) -> Result<Vec<Option<NaiveDateTime>>> {
    let values: StringArray = typed(args, 0)?;
    let patterns: Option<StringArray> = if args.len() > 1 { Some(typed(args, 1)?) } else { None };
    let parse = |(row, value): (usize, Option<&str>)| match &patterns {
        Some(patterns) if patterns.is_null(row) => None,
        Some(patterns) => parsed(value?, patterns.value(row)),
        None => parsed_default(value?),
    };
    Ok(values.iter().enumerate().map(parse).collect())
}

fn date_format(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let times: TimestampMillisecondArray = typed(args, 0)?;
    let patterns: StringArray = typed(args, 1)?;
    let mut formatted_rows = Vec::with_capacity(times.len());
    for (time, pattern) in times.iter().zip(patterns.iter()) {
        let row = match (time.and_then(naive), pattern) {
            (Some(time), Some(pattern)) => Some(
                formatted(time, pattern)
                    .ok_or_else(|| fail(format!("`{pattern}` is no pattern for a time")))?,
            ),
            _ => None,
        };
        formatted_rows.push(row);
    }
    array(StringArray::from(formatted_rows))
}

fn to_timestamp(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let times = parse_all(args)?.into_iter().map(|time| time.map(ms_of));
    array(times.collect::<TimestampMillisecondArray>())
}

fn to_date(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let days =
        parse_all(args)?.into_iter().map(|time| Some(ms_of(time?).div_euclid(DAY_MS) as i32));
    array(days.collect::<Date32Array>())
}

fn to_timestamp_ltz(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let is_number = args.first().is_some_and(|a| *a.data_type() == DataType::Int64);
    let times: TimestampMillisecondArray = if is_number {
        let values: Int64Array = typed(args, 0)?;
        let precision: Option<Int32Array> =
            if args.len() > 1 { Some(typed(args, 1)?) } else { None };
        let factor =
            |row| if precision.as_ref().is_some_and(|p| p.value(row) == 0) { 1_000 } else { 1 };
        values.iter().enumerate().map(|(row, v)| v?.checked_mul(factor(row))).collect()
    } else {
        parse_all(args)?.into_iter().map(|time| time.map(ms_of)).collect()
    };
    array(times.with_timezone("UTC"))
}

fn unix_timestamp(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let seconds = parse_all(args)?.into_iter().map(|time| Some(ms_of(time?).div_euclid(1_000)));
    array(seconds.collect::<Int64Array>())
}

fn from_unixtime(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let values: Int64Array = typed(args, 0)?;
    let patterns: Option<StringArray> = if args.len() > 1 { Some(typed(args, 1)?) } else { None };
    let texts = values.iter().enumerate().map(|(row, seconds)| {
        let pattern = patterns.as_ref().map_or("yyyy-MM-dd HH:mm:ss", |p| p.value(row));
        formatted(naive(seconds?.checked_mul(1_000)?)?, pattern)
    });
    array(texts.collect::<StringArray>())
}

/// The unit in an argument, which is the same in all rows.
fn unit_of(args: &[ArrayRef], index: usize) -> Result<String> {
    let units: StringArray = typed(args, index)?;
    let unit = units.iter().flatten().next().unwrap_or("DAY").to_uppercase();
    Ok(unit.strip_suffix('S').map_or(unit.clone(), str::to_owned))
}

fn unit_ms(unit: &str) -> Option<i64> {
    Some(match unit {
        "MILLISECOND" => 1,
        "SECOND" => 1_000,
        "MINUTE" => 60_000,
        "HOUR" => 3_600_000,
        "DAY" => DAY_MS,
        "WEEK" => 7 * DAY_MS,
        _ => return None,
    })
}

fn months_in(unit: &str) -> Option<i32> {
    Some(match unit {
        "MONTH" => 1,
        "QUARTER" => 3,
        "YEAR" => 12,
        _ => return None,
    })
}

fn timestampdiff(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let unit = unit_of(args, 0)?;
    let from: TimestampMillisecondArray = typed(args, 1)?;
    let to: TimestampMillisecondArray = typed(args, 2)?;
    let difference = |from: i64, to: i64| match (unit_ms(&unit), months_in(&unit)) {
        (Some(ms), _) => Some((to - from) / ms),
        (None, Some(months)) => Some(i64::from(months_between(naive(from)?, naive(to)?) / months)),
        (None, None) => None,
    };
    let rows =
        from.iter().zip(to.iter()).map(|(from, to)| difference(from?, to?).map(|d| d as i32));
    array(rows.collect::<Int32Array>())
}

/// Whole months, counted as Flink does: a day that the shorter month lacks does not hold one back.
fn months_between(from: NaiveDateTime, to: NaiveDateTime) -> i32 {
    if to < from {
        return -months_between(to, from);
    }
    let months = (to.year() - from.year()) * 12 + to.month() as i32 - from.month() as i32;
    let reached = from
        .checked_add_months(Months::new(u32::try_from(months).unwrap_or(0)))
        .is_some_and(|reached| reached <= to);
    if reached { months } else { months - 1 }
}

fn timestampadd(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let unit = unit_of(args, 0)?;
    let counts: Int32Array = typed(args, 1)?;
    let times: TimestampMillisecondArray = typed(args, 2)?;
    let add = |count: i32, time: i64| match (unit_ms(&unit), months_in(&unit)) {
        (Some(ms), _) => time.checked_add(ms.checked_mul(i64::from(count))?),
        (None, Some(months)) => {
            let months = months.checked_mul(count)?;
            let time = naive(time)?;
            let by = Months::new(months.unsigned_abs());
            let moved =
                if months < 0 { time.checked_sub_months(by) } else { time.checked_add_months(by) };
            moved.map(ms_of)
        }
        (None, None) => None,
    };
    let rows = counts.iter().zip(times.iter()).map(|(count, time)| add(count?, time?));
    array(rows.collect::<TimestampMillisecondArray>())
}

/// Cuts a time to a unit, or goes on to the next one. Weeks begin on Sunday, as in Flink.
fn round_to(args: &[ArrayRef], up: bool) -> Result<ArrayRef> {
    let times: TimestampMillisecondArray = typed(args, 0)?;
    let unit = unit_of(args, 1)?;
    let round = |ms: i64| {
        let time = naive(ms)?;
        let start = floor_to(time, &unit)?;
        if !up || start == time {
            return Some(ms_of(start));
        }
        match (unit_ms(&unit), months_in(&unit)) {
            (Some(step), _) => Some(ms_of(start) + step),
            (None, Some(months)) => {
                start.checked_add_months(Months::new(months.unsigned_abs())).map(ms_of)
            }
            (None, None) => None,
        }
    };
    let rows = times.iter().map(|ms| round(ms?));
    array(rows.collect::<TimestampMillisecondArray>())
}

fn floor_to(time: NaiveDateTime, unit: &str) -> Option<NaiveDateTime> {
    let date = time.date();
    let first_of =
        |month: u32| NaiveDate::from_ymd_opt(date.year(), month, 1)?.and_hms_opt(0, 0, 0);
    match unit {
        "WEEK" => {
            let sunday = Days::new(date.weekday().num_days_from_sunday().into());
            date.checked_sub_days(sunday)?.and_hms_opt(0, 0, 0)
        }
        "MONTH" => first_of(date.month()),
        "QUARTER" => first_of(date.month0() / 3 * 3 + 1),
        "YEAR" => first_of(1),
        _ => {
            let ms = unit_ms(unit)?;
            time.checked_sub_signed(TimeDelta::milliseconds(ms_of(time).rem_euclid(ms)))
        }
    }
}

fn extract(unit: &str, args: &[ArrayRef], index: usize) -> Result<ArrayRef> {
    let times: TimestampMillisecondArray = typed(args, index)?;
    let rows = times.iter().map(|ms| part(naive(ms?)?, unit));
    let parts = rows.collect::<Int64Array>();
    if parts.null_count() > times.null_count() {
        return Err(fail(format!("EXTRACT knows no unit `{unit}`")));
    }
    let parts = cast(&parts, &DataType::Int64)?;
    array(parts.as_primitive::<Int64Type>().clone())
}

fn part(time: NaiveDateTime, unit: &str) -> Option<i64> {
    Some(match unit {
        "YEAR" => time.year().into(),
        "QUARTER" => (time.month0() / 3 + 1).into(),
        "MONTH" => time.month().into(),
        "WEEK" => time.iso_week().week().into(),
        "DAY" => time.day().into(),
        "DOW" | "DAYOFWEEK" => time.weekday().number_from_sunday().into(),
        "DOY" | "DAYOFYEAR" => time.ordinal().into(),
        "HOUR" => time.hour().into(),
        "MINUTE" => time.minute().into(),
        "SECOND" => time.second().into(),
        "MILLISECOND" => (time.nanosecond() / 1_000_000).into(),
        "EPOCH" => time.and_utc().timestamp(),
        _ => return None,
    })
}

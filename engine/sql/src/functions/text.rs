//! Functions of text. Positions count from 1, as everywhere in Flink's SQL, but `SPLIT_INDEX` counts from 0.

#![allow(clippy::unnecessary_wraps, reason = "all functions have one shape")]

use arrow::{
    array::{Array, ArrayRef, BooleanArray, Int32Array, Int64Array, StringArray},
    datatypes::DataType,
};
use datafusion::common::Result;

use super::udf::{Udf, array, fail, typed, usage};

/// All functions of text.
pub(super) fn all() -> Vec<Udf> {
    vec![
        Udf::new("char_length", texts::<1>, int, char_length)
            .alias("character_length")
            .alias("length"),
        Udf::new("concat", any_texts, text, concat),
        Udf::new("split_index", text_text_int, text, split_index),
        Udf::new("substring", substring_args, text, substring).alias("substr"),
        Udf::new("locate", texts::<2>, int, |a, _| position(a, 0, 1)),
        Udf::new("instr", texts::<2>, int, |a, _| position(a, 1, 0)).alias("strpos"),
        Udf::new("regexp", texts::<2>, boolean, regexp),
        Udf::new("regexp_extract", regexp_args, text, regexp_extract),
        Udf::new("regexp_replace", texts::<3>, text, regexp_replace),
        Udf::new("startswith", texts::<2>, boolean, |a, _| test(a, |s, t| s.starts_with(t))),
        Udf::new("endswith", texts::<2>, boolean, |a, _| test(a, |s, t| s.ends_with(t))),
        Udf::new("json_value", texts::<2>, text, json_value),
        Udf::new("json_exists", texts::<2>, boolean, json_exists),
        Udf::new("hex", one, text, hex),
        Udf::new("bin", one, text, bin),
    ]
}

fn texts<const N: usize>(types: &[DataType]) -> Result<Vec<DataType>> {
    if types.len() == N {
        return Ok(vec![DataType::Utf8; N]);
    }
    Err(usage(&format!("it takes {N} text(s)")))
}

fn any_texts(types: &[DataType]) -> Result<Vec<DataType>> {
    if types.is_empty() {
        Err(usage("it takes texts"))
    } else {
        Ok(vec![DataType::Utf8; types.len()])
    }
}

fn text_text_int(types: &[DataType]) -> Result<Vec<DataType>> {
    match types {
        [_, _, index] if index.is_integer() => {
            Ok(vec![DataType::Utf8, DataType::Utf8, DataType::Int32])
        }
        _ => Err(usage("it takes a text, a separator and an index")),
    }
}

fn regexp_args(types: &[DataType]) -> Result<Vec<DataType>> {
    if types.len() == 2 { texts::<2>(types) } else { text_text_int(types) }
}

fn substring_args(types: &[DataType]) -> Result<Vec<DataType>> {
    match types {
        [_, from] if from.is_integer() => Ok(vec![DataType::Utf8, DataType::Int32]),
        [_, from, count] if from.is_integer() && count.is_integer() => {
            Ok(vec![DataType::Utf8, DataType::Int32, DataType::Int32])
        }
        _ => Err(usage("it takes a text, a position and, optionally, a length")),
    }
}

fn one(types: &[DataType]) -> Result<Vec<DataType>> {
    match types {
        [t] if t.is_integer() => Ok(vec![DataType::Int64]),
        [DataType::Utf8] => Ok(vec![DataType::Utf8]),
        _ => Err(usage("it takes a whole number or a text")),
    }
}

fn text(_: &[DataType]) -> Result<DataType> {
    Ok(DataType::Utf8)
}

fn int(_: &[DataType]) -> Result<DataType> {
    Ok(DataType::Int32)
}

fn boolean(_: &[DataType]) -> Result<DataType> {
    Ok(DataType::Boolean)
}

fn char_length(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let values: StringArray = typed(args, 0)?;
    array(values.iter().map(|v| v.map(|v| v.chars().count() as i32)).collect::<Int32Array>())
}

/// NULL if any part is, unlike `CONCAT_WS`.
fn concat(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let parts: Vec<StringArray> = (0..args.len()).map(|i| typed(args, i)).collect::<Result<_>>()?;
    let rows = parts.first().map_or(0, Array::len);
    let joined = (0..rows).map(|row| {
        parts
            .iter()
            .map(|part| part.is_valid(row).then(|| part.value(row)))
            .collect::<Option<String>>()
    });
    array(joined.collect::<StringArray>())
}

fn split_index(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let (values, separators): (StringArray, StringArray) = (typed(args, 0)?, typed(args, 1)?);
    let indexes: Int32Array = typed(args, 2)?;
    let rows = values.iter().zip(separators.iter()).zip(indexes.iter());
    let parts = rows.map(|((value, separator), index)| {
        value?.split(separator?).nth(usize::try_from(index?).ok()?)
    });
    array(parts.collect::<StringArray>())
}

/// Position 0 is 1, and negative positions count from the end.
fn substring(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let (values, starts): (StringArray, Int32Array) = (typed(args, 0)?, typed(args, 1)?);
    let counts: Option<Int32Array> = if args.len() > 2 { Some(typed(args, 2)?) } else { None };
    let cut = (0..values.len()).map(|row| {
        if values.is_null(row) || starts.is_null(row) {
            return None;
        }
        let (value, start) = (values.value(row), i64::from(starts.value(row)));
        let count = match &counts {
            Some(counts) if counts.is_null(row) => return None,
            Some(counts) => usize::try_from(counts.value(row)).unwrap_or(0),
            None => usize::MAX,
        };
        let length = value.chars().count() as i64;
        let skip = match start {
            0 => 0,
            s if s > 0 => s - 1,
            s => (length + s).max(0),
        };
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        Some(value.chars().skip(skip).take(count).collect::<String>())
    });
    array(cut.collect::<StringArray>())
}

fn position(args: &[ArrayRef], needle: usize, hay: usize) -> Result<ArrayRef> {
    let (needles, values): (StringArray, StringArray) = (typed(args, needle)?, typed(args, hay)?);
    let found = needles.iter().zip(values.iter()).map(|(needle, value)| {
        let value = value?;
        let at = value.find(needle?);
        Some(at.map_or(0, |at| value.get(..at).unwrap_or_default().chars().count() as i32 + 1))
    });
    array(found.collect::<Int32Array>())
}

fn test(args: &[ArrayRef], f: fn(&str, &str) -> bool) -> Result<ArrayRef> {
    let (values, others): (StringArray, StringArray) = (typed(args, 0)?, typed(args, 1)?);
    let tested = values.iter().zip(others.iter()).map(|(v, o)| Some(f(v?, o?)));
    array(tested.collect::<BooleanArray>())
}

/// Compiles a pattern once for as long as it stays the same from row to row.
#[derive(Default)]
struct Pattern {
    last: Option<(String, regex::Regex)>,
}

impl Pattern {
    fn get(&mut self, text: &str) -> Result<&regex::Regex> {
        let same = self.last.as_ref().is_some_and(|(last, _)| last == text);
        if !same {
            let compiled = regex::Regex::new(text)
                .map_err(|error| fail(format!("`{text}` is no pattern: {error}")))?;
            self.last = Some((text.to_owned(), compiled));
        }
        match &self.last {
            Some((_, regex)) => Ok(regex),
            None => Err(fail("no pattern")),
        }
    }
}

fn regexp(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let (values, patterns): (StringArray, StringArray) = (typed(args, 0)?, typed(args, 1)?);
    let mut pattern = Pattern::default();
    let rows = values.iter().zip(patterns.iter()).map(|(value, text)| match (value, text) {
        (Some(value), Some(text)) => Ok(Some(pattern.get(text)?.is_match(value))),
        _ => Ok(None),
    });
    array(rows.collect::<Result<BooleanArray>>()?)
}

fn regexp_extract(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let (values, patterns): (StringArray, StringArray) = (typed(args, 0)?, typed(args, 1)?);
    let groups: Option<Int32Array> = if args.len() > 2 { Some(typed(args, 2)?) } else { None };
    let mut pattern = Pattern::default();
    let rows = (0..values.len()).map(|row| {
        if values.is_null(row) || patterns.is_null(row) {
            return Ok(None);
        }
        let group = groups.as_ref().map_or(0, |g| usize::try_from(g.value(row)).unwrap_or(0));
        let found = pattern.get(patterns.value(row))?.captures(values.value(row));
        Ok(found.and_then(|found| found.get(group).map(|m| m.as_str().to_owned())))
    });
    array(rows.collect::<Result<StringArray>>()?)
}

fn regexp_replace(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let (values, patterns): (StringArray, StringArray) = (typed(args, 0)?, typed(args, 1)?);
    let replacements: StringArray = typed(args, 2)?;
    let mut pattern = Pattern::default();
    let rows = values.iter().zip(patterns.iter()).zip(replacements.iter()).map(
        |((value, text), replacement)| match (value, text, replacement) {
            (Some(value), Some(text), Some(replacement)) => {
                Ok(Some(pattern.get(text)?.replace_all(value, replacement).into_owned()))
            }
            _ => Ok(None),
        },
    );
    array(rows.collect::<Result<StringArray>>()?)
}

fn hex(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    if let Ok(numbers) = typed::<Int64Array>(args, 0) {
        return array(numbers.iter().map(|n| n.map(|n| format!("{n:X}"))).collect::<StringArray>());
    }
    let values: StringArray = typed(args, 0)?;
    let digits = |text: &str| crate::render::hex(text.as_bytes()).to_uppercase();
    array(values.iter().map(|text| text.map(digits)).collect::<StringArray>())
}

fn bin(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let numbers: Int64Array = typed(args, 0)?;
    array(numbers.iter().map(|n| n.map(|n| format!("{n:b}"))).collect::<StringArray>())
}

/// Whether a path leads to a value that is not null.
fn json_exists(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let (values, paths): (StringArray, StringArray) = (typed(args, 0)?, typed(args, 1)?);
    let found = values.iter().zip(paths.iter()).map(|(value, path)| {
        let (value, path) = (value?, path?);
        let json: Option<serde_json::Value> = serde_json::from_str(value).ok();
        Some(json.is_some_and(|json| json_at(&json, path).is_some_and(|at| !at.is_null())))
    });
    array(found.collect::<BooleanArray>())
}

/// `JSON_VALUE(json, '$.a.b[0]')`: a scalar as text; anything else, and bad JSON, is NULL.
fn json_value(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let (values, paths): (StringArray, StringArray) = (typed(args, 0)?, typed(args, 1)?);
    let found = values.iter().zip(paths.iter()).map(|(value, path)| {
        let json: serde_json::Value = serde_json::from_str(value?).ok()?;
        match json_at(&json, path?)? {
            serde_json::Value::String(text) => Some(text.clone()),
            serde_json::Value::Number(number) => Some(number.to_string()),
            serde_json::Value::Bool(value) => Some(value.to_string()),
            _ => None,
        }
    });
    array(found.collect::<StringArray>())
}

fn json_at<'a>(json: &'a serde_json::Value, path: &str) -> Option<&'a serde_json::Value> {
    let path = path.trim().trim_start_matches("lax ").trim_start_matches("strict ");
    let mut at = json;
    for step in path.strip_prefix('$')?.split(['.', '[']).filter(|step| !step.is_empty()) {
        at = match step.strip_suffix(']') {
            Some(index) => match index.trim_matches(['\'', '"']) {
                name if name != index => at.get(name)?,
                index => at.get(index.parse::<usize>().ok()?)?,
            },
            None => at.get(step)?,
        };
    }
    Some(at)
}

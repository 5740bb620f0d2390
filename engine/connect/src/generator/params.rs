//! What a lab says about its data, read with types: `seed: 42`, `rate: 10/s`, `late: 2%`, `until: 2026-05-01 09:10:30`.
//!
//! * A parameter that the generator does not know is refused, with the list of those it knows.
//! * `generator`, `topic` and `clock` belong to whoever plays the feed and are passed over.

use std::collections::BTreeMap;

use pancake_types::Timestamp;
use serde_json::Value;

use super::{GeneratorError, GeneratorInfo};
use crate::time::parse_timestamp;

const COMMON: [&str; 6] = ["seed", "rate", "start", "until", "partitions", "events"];
const PASSED_OVER: [&str; 3] = ["generator", "topic", "clock"];
/// Most partitions that a feed may ask for.
const PARTITIONS_MAX: u64 = 1_000;
/// When the first event of every generator happens, unless `start` says otherwise: 2026-05-01 09:00:00.
const START: Timestamp = Timestamp::from_millis(1_777_626_000_000);

/// Parameters of a generator, checked for names that it does not know.
#[derive(Clone, Debug)]
pub struct Params {
    values: BTreeMap<String, Value>,
}

impl Params {
    /// Takes the parameters of one generator.
    pub fn new(
        info: &GeneratorInfo,
        values: &BTreeMap<String, Value>,
    ) -> Result<Self, GeneratorError> {
        let known: Vec<_> = COMMON.iter().chain(info.parameters).copied().collect();
        let allowed = |name: &str| known.contains(&name) || PASSED_OVER.contains(&name);
        if let Some(name) = values.keys().find(|name| !allowed(name)) {
            let name = name.clone();
            return Err(GeneratorError::UnknownParameter { generator: info.name, name, known });
        }
        Ok(Self { values: values.clone() })
    }

    pub(crate) fn seed(&self) -> Result<u64, GeneratorError> {
        self.whole("seed", 42)
    }

    pub(crate) fn start(&self) -> Result<Timestamp, GeneratorError> {
        Ok(self.moment("start")?.unwrap_or(START))
    }

    pub(crate) fn partitions(&self) -> Result<u32, GeneratorError> {
        let partitions = self.whole("partitions", 1)?;
        if !(1..=PARTITIONS_MAX).contains(&partitions) {
            return Err(self.malformed("partitions", &format!("from 1 to {PARTITIONS_MAX}")));
        }
        Ok(partitions as u32)
    }

    pub(crate) fn whole(&self, name: &'static str, default: u64) -> Result<u64, GeneratorError> {
        Ok(self.whole_opt(name)?.unwrap_or(default))
    }

    pub(crate) fn whole_opt(&self, name: &'static str) -> Result<Option<u64>, GeneratorError> {
        self.read(name, "a whole number", |value| match value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        })
    }

    /// A share from 0 to 1, written as `0.02` or `2%`.
    pub(crate) fn share(&self, name: &'static str, default: f64) -> Result<f64, GeneratorError> {
        let share = self.read(name, "a share such as `2%` or `0.02`", |value| {
            let share = match value {
                Value::Number(number) => number.as_f64()?,
                Value::String(text) => match text.trim().strip_suffix('%') {
                    Some(percent) => percent.trim().parse::<f64>().ok()? / 100.0,
                    None => text.trim().parse().ok()?,
                },
                _ => return None,
            };
            (0.0..=1.0).contains(&share).then_some(share)
        })?;
        Ok(share.unwrap_or(default))
    }

    /// Events per second, written as `10`, `10/s`, `600/min` or `36000/h`.
    pub(crate) fn rate(&self, default: f64) -> Result<f64, GeneratorError> {
        let rate = self.read("rate", "a rate such as `10/s`", |value| {
            let rate = match value {
                Value::Number(number) => number.as_f64()?,
                Value::String(text) => {
                    let (number, unit) = text.split_once('/').unwrap_or((text, "s"));
                    let seconds = match unit.trim() {
                        "s" | "sec" | "second" => 1.0,
                        "m" | "min" | "minute" => 60.0,
                        "h" | "hour" => 3_600.0,
                        _ => return None,
                    };
                    number.trim().parse::<f64>().ok()? / seconds
                }
                _ => return None,
            };
            (rate.is_finite() && (1e-6..=1e6).contains(&rate)).then_some(rate)
        })?;
        Ok(rate.unwrap_or(default))
    }

    /// A moment as text (`2026-05-01 09:10:30`) or in milliseconds since 1970.
    pub(crate) fn moment(&self, name: &'static str) -> Result<Option<Timestamp>, GeneratorError> {
        self.read(name, "a moment such as `2026-05-01 09:10:30`", |value| match value {
            Value::Number(number) => number.as_i64().map(Timestamp::from_millis),
            Value::String(text) => parse_timestamp(text),
            _ => None,
        })
    }

    /// A length of time in milliseconds, written as `8s`, `500ms`, `2min` or a number of milliseconds.
    pub(crate) fn millis(&self, name: &'static str, default: u64) -> Result<u64, GeneratorError> {
        let read = self.read(name, "a length of time such as `8s`", |value| match value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => {
                let text = text.trim();
                let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
                let (number, unit) = text.split_at_checked(split)?;
                let unit = match unit.trim() {
                    "" | "ms" => 1,
                    "s" => 1_000,
                    "min" | "m" => 60_000,
                    "h" => 3_600_000,
                    _ => return None,
                };
                number.parse::<u64>().ok()?.checked_mul(unit)
            }
            _ => None,
        })?;
        Ok(read.unwrap_or(default))
    }

    /// One of a few words.
    pub(crate) fn word<T: Copy>(
        &self,
        name: &'static str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, GeneratorError> {
        let list = words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        self.read(name, &format!("one of {list}"), |value| {
            let text = value.as_str()?;
            words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning)
        })
    }

    pub(crate) fn malformed(&self, name: &'static str, expected: &str) -> GeneratorError {
        let value = match self.values.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        GeneratorError::Malformed { name, value, expected: expected.to_owned() }
    }

    fn read<T>(
        &self,
        name: &'static str,
        expected: &str,
        parse: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, GeneratorError> {
        let Some(value) = self.values.get(name) else { return Ok(None) };
        parse(value).map(Some).ok_or_else(|| self.malformed(name, expected))
    }
}

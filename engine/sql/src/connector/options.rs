//! The options of a table: text by name, read with a type.
//!
//! * A getter that fails names the option and what it should have been.
//! * [`Options::check_known`] refuses what no getter will ever read, and names the nearest known option.

use std::{collections::BTreeMap, str::FromStr, time::Duration};

use crate::nearest::nearest;

/// Names and values of a table's `WITH (…)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options(BTreeMap<String, String>);

/// Why an option cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// A required option is not there.
    #[error("option `{name}` is missing")]
    Missing {
        /// Its name.
        name: String,
    },
    /// The value has another form than the option's.
    #[error("option `{name}` is `{value}`; it must be {expected}")]
    Malformed {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
        /// What the value should be.
        expected: String,
    },
    /// No such option.
    #[error("unknown option `{name}`{}", suggestion(nearest.as_deref()))]
    Unknown {
        /// Its name.
        name: String,
        /// The known option that looks most like it.
        nearest: Option<String>,
    },
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

impl Options {
    /// The value of an option, if it is there.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The value of an option that must be there.
    pub fn required(&self, name: &str) -> Result<&str, OptionError> {
        self.get(name).ok_or_else(|| OptionError::Missing { name: name.to_owned() })
    }

    /// The value read as a type with a `FromStr`, or `None` if the option is not there.
    pub fn parse<T: FromStr>(&self, name: &str, expected: &str) -> Result<Option<T>, OptionError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        value.trim().parse().map(Some).map_err(|_| self.malformed(name, expected))
    }

    /// The value as `true` or `false`, or `default`.
    pub fn bool_or(&self, name: &str, default: bool) -> Result<bool, OptionError> {
        Ok(self.parse(name, "`true` or `false`")?.unwrap_or(default))
    }

    /// The value as a whole number from zero, or `default`.
    pub fn u64_or(&self, name: &str, default: u64) -> Result<u64, OptionError> {
        Ok(self.parse(name, "a whole number")?.unwrap_or(default))
    }

    /// The value as a length of time in Flink's words (`500 ms`, `10 s`, `5 min`, `1 h`, `2 d`).
    pub fn duration(&self, name: &str) -> Result<Option<Duration>, OptionError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        parse_duration(value)
            .map(Some)
            .ok_or_else(|| self.malformed(name, "a length of time such as `10 s` or `500 ms`"))
    }

    /// The value, which must be one of a few words.
    pub fn one_of(&self, name: &str, words: &[&str]) -> Result<Option<&str>, OptionError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        if words.contains(&value) {
            return Ok(Some(value));
        }
        let list = words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ");
        Err(self.malformed(name, &format!("one of {list}")))
    }

    /// Refuses options that `known` does not list. A listed name with a `*` matches any text in its place
    /// (`properties.*`, `fields.*.min`).
    pub fn check_known(&self, known: &[&str]) -> Result<(), OptionError> {
        for name in self.0.keys() {
            if name != "connector" && !known.iter().any(|pattern| matches(pattern, name)) {
                let candidates = known.iter().copied().chain(["connector"]);
                let nearest = nearest(name, candidates).map(str::to_owned);
                return Err(OptionError::Unknown { name: name.clone(), nearest });
            }
        }
        Ok(())
    }

    /// An error that says what an option should have been.
    pub fn malformed(&self, name: &str, expected: &str) -> OptionError {
        OptionError::Malformed {
            name: name.to_owned(),
            value: self.get(name).unwrap_or_default().to_owned(),
            expected: expected.to_owned(),
        }
    }

    /// All options in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Sets an option and returns the value it had.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) -> Option<String> {
        self.0.insert(name.into(), value.into())
    }

    /// Removes an option and returns the value it had.
    pub fn unset(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Options {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(pairs: T) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == name };
    name.len() > head.len() + tail.len() && name.starts_with(head) && name.ends_with(tail)
}

/// Reads a length of time as Flink writes it; a bare number is milliseconds.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(split)?;
    let number: u64 = number.parse().ok()?;
    let ms = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "ms" | "milli" | "millis" | "millisecond" | "milliseconds" => 1,
        "s" | "sec" | "secs" | "second" | "seconds" => 1_000,
        "m" | "min" | "mins" | "minute" | "minutes" => 60_000,
        "h" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(ms).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_duration(text: &str, ms: Option<u64>) {
        assert_eq!(parse_duration(text), ms.map(Duration::from_millis), "{text}");
    }

    #[test]
    fn durations_are_read_in_flinks_words() {
        check_duration("500 ms", Some(500));
        check_duration("10s", Some(10_000));
        check_duration("5 min", Some(300_000));
        check_duration("1 h", Some(3_600_000));
        check_duration("250", Some(250));
        check_duration("ten seconds", None);
        check_duration("-1 s", None);
        check_duration("99999999999999999 d", None);
    }

    #[test]
    fn an_unknown_option_names_the_nearest() {
        let options = Options::from_iter([("connector", "kafka"), ("topc", "orders")]);
        let error = options.check_known(&["topic", "properties.*"]).unwrap_err();
        assert_eq!(error.to_string(), "unknown option `topc`; did you mean `topic`?");
    }

    #[test]
    fn a_star_stands_for_any_text() {
        let options = Options::from_iter([("fields.price.min", "1"), ("properties.a.b", "2")]);
        assert_eq!(options.check_known(&["fields.*.min", "properties.*"]), Ok(()));
        assert!(options.check_known(&["fields.*.max", "properties.*"]).is_err());
    }
}

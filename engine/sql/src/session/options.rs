//! The options that SET knows, by Flink's names; a job takes a copy of them when it starts.

use std::{collections::BTreeMap, time::Duration};

use crate::{connector::Options, error::SqlError, nearest::nearest};

/// Names, defaults and what they are.
const KNOWN: &[(&str, &str, Check)] = &[
    ("execution.runtime-mode", "streaming", Check::OneOf(&["streaming", "batch"])),
    ("parallelism.default", "1", Check::Number { min: 1, max: 128 }),
    ("pipeline.name", "", Check::Any),
    ("execution.checkpointing.interval", "10 s", Check::Duration),
    (
        "execution.checkpointing.mode",
        "EXACTLY_ONCE",
        Check::OneOf(&["EXACTLY_ONCE", "AT_LEAST_ONCE"]),
    ),
    ("execution.checkpointing.timeout", "10 min", Check::Duration),
    ("table.exec.source.idle-timeout", "0 ms", Check::Duration),
    ("table.local-time-zone", "UTC", Check::OneOf(&["UTC"])),
    ("sql-client.execution.result-mode", "table", Check::OneOf(&["table", "changelog", "tableau"])),
    ("table.dml-sync", "false", Check::OneOf(&["true", "false"])),
];

#[derive(Clone, Copy, Debug)]
enum Check {
    Any,
    OneOf(&'static [&'static str]),
    Number { min: u64, max: u64 },
    Duration,
}

/// How queries over tables run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They never end unless their inputs do.
    Streaming,
    /// They read what is there now.
    Batch,
}

/// Options of a session; those not set have their defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionOptions {
    set: BTreeMap<String, String>,
}

impl SessionOptions {
    /// Sets an option.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SqlError> {
        let (_, _, check) = find(name)?;
        check_value(name, value, *check)?;
        self.set.insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    /// Gives an option its default back.
    pub fn reset(&mut self, name: &str) -> Result<(), SqlError> {
        find(name)?;
        self.set.remove(name);
        Ok(())
    }

    /// All options with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        KNOWN.iter().map(|(name, ..)| (*name, self.get(name)))
    }

    /// The options that were set, to be kept with a job.
    pub fn changed(&self) -> &BTreeMap<String, String> {
        &self.set
    }

    /// How queries run.
    pub fn mode(&self) -> Mode {
        if self.get("execution.runtime-mode") == "batch" { Mode::Batch } else { Mode::Streaming }
    }

    /// Subtasks of a job's steps.
    pub fn parallelism(&self) -> usize {
        self.get("parallelism.default").parse().unwrap_or(1)
    }

    /// The name of the next job, if one was given.
    pub fn pipeline_name(&self) -> Option<&str> {
        Some(self.get("pipeline.name")).filter(|name| !name.is_empty())
    }

    /// Time between two checkpoints.
    pub fn checkpoint_interval(&self) -> Duration {
        self.duration("execution.checkpointing.interval")
    }

    /// After this long without rows a split holds no watermark back; never when `None`.
    pub fn idle_timeout(&self) -> Option<Duration> {
        Some(self.duration("table.exec.source.idle-timeout")).filter(|d| !d.is_zero())
    }

    fn duration(&self, name: &str) -> Duration {
        let options = Options::from_iter([(name, self.get(name))]);
        options.duration(name).ok().flatten().unwrap_or_default()
    }

    fn get(&self, name: &str) -> &str {
        let default = || KNOWN.iter().find(|known| known.0 == name).map_or("", |known| known.1);
        self.set.get(name).map_or_else(default, String::as_str)
    }
}

fn find(name: &str) -> Result<&'static (&'static str, &'static str, Check), SqlError> {
    KNOWN.iter().find(|known| known.0 == name).ok_or_else(|| {
        SqlError::new(format!("unknown option `{name}`"))
            .hint("SET without arguments lists the options")
            .suggest(nearest(name, KNOWN.iter().map(|known| known.0)))
    })
}

fn check_value(name: &str, value: &str, check: Check) -> Result<(), SqlError> {
    let options = Options::from_iter([(name, value)]);
    let checked = match check {
        Check::Any => Ok(()),
        Check::OneOf(words) => options.one_of(name, words).map(|_| ()),
        Check::Duration => options.duration(name).map(|_| ()),
        Check::Number { min, max } => match value.parse::<u64>() {
            Ok(number) if (min..=max).contains(&number) => Ok(()),
            _ => Err(options.malformed(name, &format!("a whole number from {min} to {max}"))),
        },
    };
    checked.map_err(|error| SqlError::new(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_options_and_values_are_refused() {
        let mut options = SessionOptions::default();
        let error = options.set("execution.runtime-mod", "batch").unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("did you mean `execution.runtime-mode`?"));
        assert!(options.set("execution.runtime-mode", "fast").is_err());
        assert!(options.set("parallelism.default", "0").is_err());
        assert_eq!(options.mode(), Mode::Streaming);
        options.set("execution.runtime-mode", "batch").unwrap();
        assert_eq!(options.mode(), Mode::Batch);
        options.reset("execution.runtime-mode").unwrap();
        assert_eq!(options.mode(), Mode::Streaming);
    }
}

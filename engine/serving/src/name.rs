//! What models and their versions are called.
//!
//! * A model's name is part of a topic's name (`_pancake.params.<model>`) and of registry keys, so it has a topic name's
//!   characters and fewer of them.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// Longest name of a model, in bytes.
pub(crate) const MODEL_NAME_BYTES_MAX: usize = 200;

/// Name of a model. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelName(Arc<str>);

/// Why a text is not a model's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelNameError {
    /// The text is empty or too long.
    #[error("a model's name has 1 to {MODEL_NAME_BYTES_MAX} characters; this one has {bytes}")]
    Length {
        /// Length of the text in bytes.
        bytes: usize,
    },
    /// A character that is not allowed.
    #[error(
        "model name `{name}` has the character {found:?}; letters, digits, `.`, `_` and `-` are allowed"
    )]
    Character {
        /// The text.
        name: String,
        /// The first character that is not allowed.
        found: char,
    },
}

impl ModelName {
    /// Checks a text and makes it a model's name.
    pub fn new(name: &str) -> Result<Self, ModelNameError> {
        if !(1..=MODEL_NAME_BYTES_MAX).contains(&name.len()) {
            return Err(ModelNameError::Length { bytes: name.len() });
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        match name.chars().find(|c| !allowed(*c)) {
            Some(found) => Err(ModelNameError::Character { name: name.to_owned(), found }),
            None => Ok(Self(name.into())),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ModelName {
    type Err = ModelNameError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::new(s)
    }
}

impl TryFrom<String> for ModelName {
    type Error = ModelNameError;

    fn try_from(s: String) -> Result<Self, Self::Error> {
        Self::new(&s)
    }
}

impl From<ModelName> for String {
    fn from(name: ModelName) -> Self {
        name.0.as_ref().to_owned()
    }
}

/// Number of a model's version, from one; never reused.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Version(u32);

impl Version {
    /// The first version of every model.
    pub const FIRST: Self = Self(1);

    /// Makes a version number.
    pub const fn new(value: u32) -> Self {
        Self(value)
    }

    /// The number itself.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Version {
    type Err = std::num::ParseIntError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        s.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_name(name: &str, ok: bool) {
        assert_eq!(ModelName::new(name).is_ok(), ok, "{name:?}");
    }

    #[test]
    fn a_models_name_fits_into_a_topics_name_and_a_key() {
        check_name("likes", true);
        check_name("a.b-c_1", true);
        check_name("", false);
        check_name("a/b", false);
        check_name("a@b", false);
        check_name(&"a".repeat(200), true);
        check_name(&"a".repeat(201), false);
        let longest = ModelName::new(&"a".repeat(200)).unwrap();
        assert!(crate::params_topic(&longest).is_ok());
    }
}

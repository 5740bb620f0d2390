//! What is said to the one who wrote the SQL: a sentence, a place, and what to type instead.

use std::fmt;

use crate::connector::ConnectorError;

/// A place in a text of SQL; lines and columns count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u64,
    /// The column.
    pub col: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.col)
    }
}

/// Why a statement cannot be parsed, planned or run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlError {
    /// What is wrong, as one sentence without a full stop.
    pub message: String,
    /// Where in the whole text, when it has a place there.
    pub at: Option<Position>,
    /// What to type next, when that is known.
    pub hint: Option<String>,
}

impl SqlError {
    /// An error without a place.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), at: None, hint: None }
    }

    /// The same error at a place; one that it already has is kept.
    #[must_use]
    pub fn at(mut self, at: Option<Position>) -> Self {
        self.at = self.at.or(at);
        self
    }

    /// The same error with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same error with `did you mean …?`, if there is a name to suggest.
    #[must_use]
    pub fn suggest(self, name: Option<&str>) -> Self {
        match name {
            Some(name) => self.hint(format!("did you mean `{name}`?")),
            None => self,
        }
    }
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(at) = self.at {
            write!(f, " ({at})")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SqlError {}

impl From<ConnectorError> for SqlError {
    fn from(error: ConnectorError) -> Self {
        Self::new(error.to_string())
    }
}

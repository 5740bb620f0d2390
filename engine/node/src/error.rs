//! What goes wrong, as the outside may see it: a stable code, a sentence, and what to do next.
//!
//! * Every error of a part is turned into this one shape here, so that the command line, the API and the page say the
//!   same words.

use serde::{Deserialize, Serialize};

/// A place in a text that the user wrote, counted from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct At {
    /// Line, from one.
    pub line: u64,
    /// Column, from one.
    pub col: u64,
}

/// Whose fault it is and what kind of fault; decides the HTTP status and the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The thing that was named is not there.
    NotFound,
    /// The request cannot be understood or breaks a rule.
    Invalid,
    /// The request is fine, and the state of the world forbids it.
    Conflict,
    /// The request is understood and refused.
    Forbidden,
    /// The machine cannot do it now: disk, port, memory.
    Unavailable,
    /// Our bug.
    Internal,
}

/// An error of the engine's API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct NodeError {
    /// Kind of fault.
    pub kind: ErrorKind,
    /// Stable word for programs, such as `unknown_topic`.
    pub code: String,
    /// What happened, with the names and numbers of this case.
    pub message: String,
    /// What to do or type next.
    pub hint: Option<String>,
    /// Where in the user's text, if it was a text.
    pub at: Option<At>,
}

impl NodeError {
    /// An error of a kind with its stable code.
    pub fn new(kind: ErrorKind, code: &str, message: impl Into<String>) -> Self {
        Self { kind, code: code.to_owned(), message: message.into(), hint: None, at: None }
    }

    /// The thing named is not there.
    pub fn not_found(code: &str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, code, message)
    }

    /// The request breaks a rule.
    pub fn invalid(code: &str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, code, message)
    }

    /// Our bug; the cause is for the log.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, "internal", message)
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the place in the user's text.
    #[must_use]
    pub fn at(mut self, line: u64, col: u64) -> Self {
        self.at = Some(At { line, col });
        self
    }
}

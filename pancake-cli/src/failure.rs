//! An error as the user meets it: what happened, what to type next, and the exit code that scripts see.

use std::process::ExitCode;

use pancake_node::{ErrorKind, NodeError};
use serde::Serialize;

/// A command's error.
#[derive(Debug, thiserror::Error, Serialize)]
#[error("{message}")]
pub(crate) struct Failure {
    /// Stable word for programs.
    pub(crate) code: String,
    /// What happened.
    pub(crate) message: String,
    /// What to type next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    /// Place in the user's text: line and column from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<(u64, u64)>,
    /// The user's text and the place in it.
    #[serde(skip)]
    pub(crate) source_text: Option<SourceText>,
    /// Exit code.
    #[serde(skip)]
    exit: u8,
}

/// A text that the user wrote, and where in it the fault is (line and column from one).
#[derive(Debug)]
pub(crate) struct SourceText {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) line: u64,
    pub(crate) col: u64,
}

/// Result of a command.
pub(crate) type Outcome<T = ExitCode> = Result<T, Failure>;

impl Failure {
    fn with(code: &str, exit: u8, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            hint: None,
            at: None,
            source_text: None,
            exit,
        }
    }

    /// The user's mistake (exit code 2).
    pub(crate) fn user(code: &str, message: impl Into<String>) -> Self {
        Self::with(code, 2, message)
    }

    /// The machine's state: a port, a disk, no Docker (exit code 3).
    pub(crate) fn environment(code: &str, message: impl Into<String>) -> Self {
        Self::with(code, 3, message)
    }

    /// Our bug (exit code 70).
    pub(crate) fn bug(message: impl Into<String>) -> Self {
        Self::with("internal", 70, message)
    }

    /// Adds what to type next.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the user's text, so that the place can be shown in it.
    #[must_use]
    pub(crate) fn in_text(mut self, name: &str, text: &str) -> Self {
        if let Some((line, col)) = self.at {
            self.source_text =
                Some(SourceText { name: name.to_owned(), text: text.to_owned(), line, col });
        }
        self
    }

    /// Whether it is a lab that keeps the workshop from starting.
    pub(crate) fn is_of_labs(&self) -> bool {
        matches!(self.code.as_str(), "lab_invalid" | "no_labs" | "labs_unreadable")
    }

    /// The exit code.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit)
    }
}

impl From<NodeError> for Failure {
    fn from(e: NodeError) -> Self {
        let exit = match e.kind {
            ErrorKind::NotFound
            | ErrorKind::Invalid
            | ErrorKind::Forbidden
            | ErrorKind::Conflict => 2,
            ErrorKind::Unavailable => 3,
            ErrorKind::Internal => 70,
        };
        let at = e.at.map(|at| (at.line, at.col));
        Self { code: e.code, message: e.message, hint: e.hint, at, source_text: None, exit }
    }
}

impl From<std::io::Error> for Failure {
    fn from(e: std::io::Error) -> Self {
        Self::environment("io", e.to_string())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(e: serde_json::Error) -> Self {
        Self::bug(format!("an answer could not be read: {e}"))
    }
}

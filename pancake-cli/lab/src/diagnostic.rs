//! What is wrong in a lab's files: where, what, and what to type instead.
//!
//! * Lines and columns count from 1; a diagnostic without a place speaks of the whole file.
//! * Nothing here stops at the first mistake: an author sees all of them at once.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much a diagnostic matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The lab cannot be used, or a rule that holds for every lab is broken.
    Error,
    /// Worth a look.
    Warning,
}

/// One finding in one file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Diagnostic {
    /// The file, relative to the lab's folder.
    pub file: String,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The column of that line, from 1.
    pub column: Option<usize>,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What to type instead.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error about a whole file.
    pub fn error(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line: None,
            column: None,
            severity: Severity::Error,
            message: message.into(),
            help: None,
        }
    }

    /// A warning about a whole file.
    pub fn warning(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(file, message) }
    }

    /// The same at a place.
    #[must_use]
    pub fn at(mut self, place: Option<(usize, usize)>) -> Self {
        self.line = place.map(|(line, _)| line);
        self.column = place.map(|(_, column)| column);
        self
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ":{column}")?;
        }
        write!(f, ": {}", self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

/// Finds where a key stands in a YAML text: the first place at or after `from_line` where `key:` begins a word.
pub(crate) fn place_of_key(text: &str, key: &str, from_line: usize) -> Option<(usize, usize)> {
    let skip = from_line.saturating_sub(1);
    text.lines().enumerate().skip(skip).find_map(|(index, line)| {
        let code = line.split(" #").next().unwrap_or(line);
        code.match_indices(key).find_map(|(at, _)| {
            let before = code.get(..at).unwrap_or_default().chars().next_back();
            let after = code.get(at + key.len()..).unwrap_or_default();
            let begins = before.is_none_or(|c| c.is_whitespace() || "{,\"'".contains(c));
            let ends = after.trim_start_matches(['"', '\'']).trim_start().starts_with(':');
            (begins && ends)
                .then(|| (index + 1, code.get(..at).unwrap_or_default().chars().count() + 1))
        })
    })
}

/// The known word nearest to a mistyped one, if any is near enough to be meant.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|k| (strsim::damerau_levenshtein(word, k), k))
        .filter(|(distance, k)| *distance <= 2.max(k.len() / 3))
        .min()
        .map(|(_, k)| k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_in_block_and_flow_style() {
        let text = "steps:\n  - {id: a, paeg: 1.md}\nchecks:\n  # fail: no\n  x: {fail: \"m\"}\n";
        assert_eq!(place_of_key(text, "paeg", 1), Some((2, 13)));
        assert_eq!(place_of_key(text, "checks", 1), Some((3, 1)));
        assert_eq!(place_of_key(text, "id", 3), None);
    }

    #[test]
    fn the_nearest_word_is_near() {
        assert_eq!(nearest("paeg", ["page", "id", "checks"]), Some("page"));
        assert_eq!(nearest("qqqqqq", ["page", "id"]), None);
    }
}

//! Everything that the program prints goes through here.
//!
//! * stdout is data: tables for people, one JSON value with `--json`. stderr is talk: sentences, progress, errors.
//! * Colour only where a terminal reads it and `NO_COLOR` is not set (`anstream` sees to both).
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the one place that prints")]

use std::{fmt::Display, process::ExitCode, time::Duration};

use anstyle::{AnsiColor, Style};
use comfy_table::{Cell, CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::failure::{Failure, SourceText};

/// What has a meaning in colour.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tone {
    Pass,
    Fail,
    Warn,
    Faint,
    Strong,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Pass => Style::new().fg_color(Some(AnsiColor::Green.into())).bold(),
            Self::Fail => Style::new().fg_color(Some(AnsiColor::Red.into())).bold(),
            Self::Warn => Style::new().fg_color(Some(AnsiColor::Yellow.into())),
            Self::Faint => Style::new().dimmed(),
            Self::Strong => Style::new().bold(),
        }
    }
}

/// A text in a tone.
pub(crate) fn paint(tone: Tone, text: impl Display) -> String {
    let style = tone.style();
    format!("{style}{text}{style:#}")
}

/// Lets long error texts wrap at the terminal's width.
pub(crate) fn install_reports() {
    // A second installation is refused, and only tests would try one.
    drop(miette::set_hook(Box::new(|_| {
        Box::new(miette::MietteHandlerOpts::new().context_lines(1).build())
    })));
}

/// Where a command says what it has to say.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    quiet: bool,
}

impl Output {
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet }
    }

    /// Whether data is printed as JSON.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// A value: as JSON with `--json`, else as `people` says it.
    pub(crate) fn value<T: Serialize>(&mut self, value: &T, people: impl FnOnce(&mut Self, &T)) {
        if self.json {
            match serde_json::to_string_pretty(value) {
                Ok(text) => self.line(text),
                Err(error) => self.talk(format!("cannot write JSON: {error}")),
            }
        } else {
            people(self, value);
        }
    }

    /// One line of data.
    pub(crate) fn line(&mut self, text: impl Display) {
        anstream::println!("{text}");
    }

    /// Data without a line end.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        use std::io::Write as _;
        let mut out = std::io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()
    }

    /// One line of talk.
    #[allow(
        clippy::unused_self,
        reason = "talk belongs to an output, so that no one talks without one"
    )]
    pub(crate) fn talk(&mut self, text: impl Display) {
        if !self.quiet {
            anstream::eprintln!("{text}");
        }
    }

    /// A table: text left, numbers right, a line of heads.
    pub(crate) fn table(&mut self, heads: &[&str], rows: Vec<Vec<String>>) {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(heads.iter().map(|h| Cell::new(paint(Tone::Faint, h))));
        for row in rows {
            table.add_row(row.into_iter().map(|text| {
                let number = text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
                    && text.chars().all(|c| c.is_ascii_digit() || ",.-%".contains(c));
                let align = if number { CellAlignment::Right } else { CellAlignment::Left };
                Cell::new(text).set_alignment(align)
            }));
        }
        anstream::println!("{}", table.trim_fmt());
    }

    /// A bar for something of known length.
    pub(crate) fn bar(&self, length: u64, what: &str) -> ProgressBar {
        let bar = if self.quiet { ProgressBar::hidden() } else { ProgressBar::new(length) };
        let style = ProgressStyle::with_template("{msg:24} {bar:28} {pos}/{len} {eta:>6}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸ "));
        bar.set_message(what.to_owned());
        bar
    }

    /// A bar that counts bytes.
    pub(crate) fn byte_bar(&self, length: u64, what: &str) -> ProgressBar {
        let bar = self.bar(length, what);
        let style =
            ProgressStyle::with_template("{msg:24} {bar:28} {bytes}/{total_bytes} {eta:>6}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸ "));
        bar
    }

    /// A line that says what is being waited for, and since when.
    pub(crate) fn waiting(&self, what: &str) -> ProgressBar {
        let bar = if self.quiet { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }

    /// Prints an error and gives its exit code.
    pub(crate) fn fail(&mut self, failure: &Failure) -> ExitCode {
        if self.json {
            let text = serde_json::to_string(&serde_json::json!({ "error": failure }));
            anstream::println!("{}", text.unwrap_or_default());
        }
        if let Some(source) = &failure.source_text {
            anstream::eprintln!("{:?}", miette::Report::new(Marked::new(failure, source)));
        } else {
            anstream::eprintln!("{} {}", paint(Tone::Fail, "error:"), failure.message);
            if let Some(hint) = &failure.hint {
                anstream::eprintln!("{} {hint}", paint(Tone::Strong, " hint:"));
            }
        }
        failure.exit_code()
    }
}

/// An error with the place in the user's text underlined.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("{message}")]
struct Marked {
    message: String,
    #[help]
    help: Option<String>,
    #[source_code]
    text: miette::NamedSource<String>,
    #[label("here")]
    at: miette::SourceSpan,
}

impl Marked {
    fn new(failure: &Failure, source: &SourceText) -> Self {
        let line = usize::try_from(source.line).unwrap_or(1);
        let col = usize::try_from(source.col).unwrap_or(1);
        let start = miette::SourceOffset::from_location(&source.text, line, col);
        let length = source.text.get(start.offset()..).map_or(0, |rest| {
            rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
        });
        Self {
            message: failure.message.clone(),
            help: failure.hint.clone(),
            text: miette::NamedSource::new(&source.name, source.text.clone()),
            at: (start, length.max(1)).into(),
        }
    }
}

/// A number with thousands separated, as `1,199,449`.
pub(crate) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes in the unit that keeps three digits.
pub(crate) fn bytes(n: u64) -> String {
    let mut value = n as f64;
    for unit in ["B", "KB", "MB", "GB"] {
        if value < 1000.0 {
            return if unit == "B" { format!("{n} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_eyes() {
        assert_eq!(thousands(1_199_449), "1,199,449");
        assert_eq!(thousands(7), "7");
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(61_400_000), "61.4 MB");
    }
}

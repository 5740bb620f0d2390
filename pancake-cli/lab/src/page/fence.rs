//! One fence: its words, its attributes, and the block they make.

use std::collections::BTreeMap;

use super::{Block, Cell, Choice, Hint, Language, Quiz, html};
use crate::diagnostic::{Diagnostic, nearest};

/// What is wrong in a fence.
#[derive(Debug)]
pub(super) struct Wrong {
    message: String,
    help: Option<String>,
    /// Line inside the fence, from 1; 0 is the opening line.
    line: usize,
}

impl Wrong {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, line: 0 }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn diagnostic(self, file: &str, (line, column): (usize, usize)) -> Diagnostic {
        let told = Diagnostic::error(file, self.message).at(Some((line + self.line, column)));
        match self.help {
            Some(help) => told.help(help),
            None => told,
        }
    }
}

/// The words after the language: flags, and `key=value` pairs whose value may be quoted.
struct Attributes {
    flags: Vec<String>,
    pairs: BTreeMap<String, String>,
}

impl Attributes {
    fn parse(text: &str) -> Self {
        let mut attributes = Self { flags: Vec::new(), pairs: BTreeMap::new() };
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let end = rest.find([' ', '=']).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            if let Some(value) = after.strip_prefix('=') {
                let (value, after) = match value.strip_prefix('"') {
                    Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                    None => value.split_at(value.find(' ').unwrap_or(value.len())),
                };
                attributes.pairs.insert(word.to_owned(), value.to_owned());
                rest = after.trim_start();
            } else {
                attributes.flags.push(word.to_owned());
                rest = after.trim_start();
            }
        }
        attributes
    }

    fn flag(&self, name: &str) -> bool {
        self.flags.iter().any(|flag| flag == name)
    }

    fn need(&self, name: &str, of: &str) -> Result<String, Wrong> {
        self.pairs
            .get(name)
            .filter(|value| !value.is_empty())
            .cloned()
            .ok_or_else(|| Wrong::new(format!("`{of}` needs `{name}=…`")))
    }

    fn only(&self, flags: &[&str], pairs: &[&str]) -> Result<(), Wrong> {
        let unknown = self
            .flags
            .iter()
            .find(|flag| !flags.contains(&flag.as_str()))
            .or_else(|| self.pairs.keys().find(|key| !pairs.contains(&key.as_str())));
        let Some(word) = unknown else { return Ok(()) };
        let known = flags.iter().chain(pairs).copied();
        let wrong = Wrong::new(format!("unknown attribute `{word}`"));
        Err(match nearest(word, known.clone()) {
            Some(near) => wrong.help(format!("did you mean `{near}`?")),
            None => wrong.help(format!("known here: {}", known.collect::<Vec<_>>().join(", "))),
        })
    }
}

/// The block of a fence, or `None` if it is only code to be read.
pub(super) fn parse(info: &str, text: &str) -> Result<Option<Block>, Wrong> {
    let (language, rest) = info.trim().split_once(' ').unwrap_or((info.trim(), ""));
    let attributes = Attributes::parse(rest);
    let block = match language {
        "hint" => hint(&attributes, text)?,
        "quiz" => quiz(&attributes, text)?,
        "check" => check(&attributes)?,
        "clock" => {
            attributes.only(&[], &["feed", "play_to"])?;
            Block::Clock {
                feed: attributes.pairs.get("feed").cloned(),
                play_to: attributes.pairs.get("play_to").cloned(),
            }
        }
        "sql" | "sh" if attributes.flag("run") || attributes.flag("edit") => {
            Block::Cell(cell(language, &attributes, text)?)
        }
        _ if attributes.pairs.contains_key("save-as") => {
            attributes.only(&[], &["save-as"])?;
            Block::Save {
                path: safe_path(&attributes.need("save-as", language)?)?,
                language: language.to_owned(),
                text: text.to_owned(),
            }
        }
        _ if attributes.flag("run") || attributes.flag("edit") => {
            return Err(Wrong::new(format!("a `{language}` cell cannot be run here"))
                .help("runnable: sql, sh"));
        }
        _ => return Ok(None),
    };
    Ok(Some(block))
}

fn hint(attributes: &Attributes, text: &str) -> Result<Block, Wrong> {
    attributes.only(&[], &["for", "level"])?;
    let level = attributes.need("level", "hint")?;
    let level = level.parse().ok().filter(|level| (1..=9).contains(level));
    Ok(Block::Hint(Hint {
        r#for: attributes.need("for", "hint")?,
        level: level.ok_or_else(|| Wrong::new("`level` is a number from 1"))?,
        markdown: text.trim().to_owned(),
        html: html(text),
    }))
}

fn check(attributes: &Attributes) -> Result<Block, Wrong> {
    match attributes.flags.as_slice() {
        [id] if attributes.pairs.is_empty() => Ok(Block::Check { id: id.clone() }),
        _ => Err(Wrong::new("a check fence names one check").help("write ```check some_id")),
    }
}

fn cell(language: &str, attributes: &Attributes, text: &str) -> Result<Cell, Wrong> {
    attributes.only(&["run", "edit", "todo"], &["id"])?;
    let language = if language == "sql" { Language::Sql } else { Language::Sh };
    let cell = Cell {
        id: attributes.need("id", "a cell")?,
        language,
        editable: attributes.flag("edit"),
        todo: attributes.flag("todo"),
        text: text.trim_end().to_owned(),
    };
    if cell.todo && !text.contains("TODO") {
        return Err(Wrong::new(format!("cell `{}` says todo, but holds no TODO", cell.id)));
    }
    if language == Language::Sh {
        command_lines(&cell.text).map_err(|(line, message)| Wrong {
            line,
            ..Wrong::new(message).help("a sh cell holds `pancake …` command lines only")
        })?;
    }
    Ok(cell)
}

fn quiz(attributes: &Attributes, text: &str) -> Result<Block, Wrong> {
    attributes.only(&[], &["id"])?;
    let (choices, question): (Vec<&str>, Vec<&str>) =
        text.trim().lines().partition(|line| line.starts_with("- "));
    let choices = choices
        .into_iter()
        .map(|line| {
            let line = line.trim_start_matches("- ");
            let (value, label) = line
                .split_once(": ")
                .ok_or_else(|| Wrong::new(format!("choice `{line}` has no `value: label`")))?;
            Ok(Choice { value: value.trim().to_owned(), label: label.trim().to_owned() })
        })
        .collect::<Result<Vec<_>, Wrong>>()?;
    let question = question.join("\n").trim().to_owned();
    if question.is_empty() {
        return Err(Wrong::new("a quiz begins with its question"));
    }
    Ok(Block::Quiz(Quiz { id: attributes.need("id", "quiz")?, question, choices }))
}

/// A path that stays inside the workspace.
fn safe_path(path: &str) -> Result<String, Wrong> {
    let good = !path.starts_with('/')
        && !path.contains(['\\', ':'])
        && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    if good {
        Ok(path.to_owned())
    } else {
        Err(Wrong::new(format!("`{path}` leaves the workspace")))
    }
}

/// The argument lists of the `pancake …` lines of a text; a line that is something else is told with its number.
pub(crate) fn command_lines(text: &str) -> Result<Vec<Vec<String>>, (usize, String)> {
    let mut commands = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let (start, mut whole) = open.take().unwrap_or((number, String::new()));
        whole.push_str(line);
        if let Some(kept) = whole.strip_suffix('\\') {
            open = Some((start, kept.to_owned()));
            continue;
        }
        if whole.trim().is_empty() || whole.trim_start().starts_with('#') {
            continue;
        }
        let words = split_words(&whole).map_err(|message| (start, message))?;
        match words.split_first() {
            Some((first, rest)) if first == "pancake" && !rest.is_empty() => {
                commands.push(rest.to_vec());
            }
            _ => return Err((start, format!("`{}` is not a pancake command", whole.trim()))),
        }
    }
    match open {
        Some((start, _)) => Err((start, "the line goes on, but the cell ends".into())),
        None => Ok(commands),
    }
}

/// Splits a line into words as a shell does with quotes, and refuses everything else that a shell would do.
fn split_words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some('"'), '\\') if matches!(chars.peek(), Some('"' | '\\')) => {
                word.get_or_insert_default().extend(chars.next());
            }
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, '#') if word.is_none() => break,
            (None, '|' | '&' | ';' | '<' | '>' | '$' | '`' | '(' | ')') => {
                return Err(format!(
                    "`{c}` needs a shell; put it in quotes if it is part of a word"
                ));
            }
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("a quote is never closed".into());
    }
    words.extend(word);
    Ok(words)
}

//! A page: Markdown for the prose, fences for what the learner does.
//!
//! * The first word of a fence is its language, the rest are attributes; a fence without attributes is just code.
//! * Raw HTML in a page is shown, never passed on: pages may come from a folder that somebody sent.
//! * A `sh run` cell holds `pancake …` command lines and nothing else; no shell is ever started.
//!
//! Start reading at [`Page::parse`].

mod fence;
mod plain;

use comrak::{
    Arena, Options,
    nodes::{AstNode, NodeValue},
};
use serde::{Deserialize, Serialize};

use crate::diagnostic::Diagnostic;

pub(crate) use fence::command_lines;
pub use plain::plain;

/// A page, ready to be shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// The file it came from.
    pub file: String,
    /// Its first heading.
    pub title: String,
    /// Its parts, in order.
    pub blocks: Vec<Block>,
}

/// A part of a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "block", rename_all = "snake_case")]
pub enum Block {
    /// Prose.
    Prose {
        /// The Markdown it was written in.
        markdown: String,
        /// The same for the browser.
        html: String,
    },
    /// Something to run.
    Cell(Cell),
    /// A rung of a ladder of hints.
    Hint(Hint),
    /// A question.
    Quiz(Quiz),
    /// The place of a check.
    Check {
        /// The check.
        id: String,
    },
    /// A clock bar.
    Clock {
        /// The stream; the lab's only one if absent.
        feed: Option<String>,
        /// Where its play button goes: a moment, a mark or `end`.
        play_to: Option<String>,
    },
    /// A text that one click saves.
    Save {
        /// The path in the workspace.
        path: String,
        /// The language.
        language: String,
        /// The text.
        text: String,
    },
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Its id, unique in the lab.
    pub id: String,
    /// What runs it.
    pub language: Language,
    /// Whether the learner changes it.
    pub editable: bool,
    /// Whether something in it is left to do.
    pub todo: bool,
    /// The text it starts with.
    pub text: String,
}

/// What runs a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// The engine.
    Sql,
    /// Our own command line, line by line.
    Sh,
}

/// A rung of a ladder of hints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// The check it helps with.
    pub r#for: String,
    /// Its rung, from 1.
    pub level: u32,
    /// Its text, in Markdown.
    pub markdown: String,
    /// The same for the browser.
    pub html: String,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiz {
    /// Its id, unique in the lab.
    pub id: String,
    /// The question, in Markdown.
    pub question: String,
    /// What to choose from; empty for a free answer.
    pub choices: Vec<Choice>,
}

/// A possible answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What is stored.
    pub value: String,
    /// What is shown.
    pub label: String,
}

impl Page {
    /// Reads a page; what is wrong in it is told, and the rest is still there.
    pub fn parse(file: &str, text: &str) -> (Self, Vec<Diagnostic>) {
        let arena = Arena::new();
        let root = comrak::parse_document(&arena, text, &options());
        let mut page = Self { file: file.to_owned(), ..Self::default() };
        let mut told = Vec::new();
        let lines: Vec<&str> = text.lines().collect();
        let mut prose = Span::default();
        for node in root.children() {
            let data = node.data.borrow();
            let place = (data.sourcepos.start.line, data.sourcepos.start.column);
            let NodeValue::CodeBlock(code) = &data.value else {
                if page.title.is_empty() && matches!(data.value, NodeValue::Heading(_)) {
                    page.title = text_of(node);
                }
                prose.extend(data.sourcepos.start.line, data.sourcepos.end.line);
                continue;
            };
            if code.fenced && !code.closed {
                let message = "this fence is never closed";
                told.push(Diagnostic::error(file, message).at(Some(place)).help("end it with ```"));
            }
            match fence::parse(&code.info, &code.literal) {
                Ok(None) => prose.extend(data.sourcepos.start.line, data.sourcepos.end.line),
                Ok(Some(block)) => {
                    page.blocks.extend(prose.take(&lines));
                    page.blocks.push(block);
                }
                Err(wrong) => {
                    told.push(wrong.diagnostic(file, place));
                }
            }
        }
        page.blocks.extend(prose.take(&lines));
        (page, told)
    }

    /// Its cells, in order.
    pub fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.blocks.iter().filter_map(|b| if let Block::Cell(cell) = b { Some(cell) } else { None })
    }

    /// Its hints, in order.
    pub fn hints(&self) -> impl Iterator<Item = &Hint> {
        self.blocks.iter().filter_map(|b| if let Block::Hint(hint) = b { Some(hint) } else { None })
    }

    /// Its quizzes, in order.
    pub fn quizzes(&self) -> impl Iterator<Item = &Quiz> {
        self.blocks.iter().filter_map(|b| if let Block::Quiz(quiz) = b { Some(quiz) } else { None })
    }

    /// The checks placed on it, in order.
    pub fn checks(&self) -> impl Iterator<Item = &str> {
        self.blocks
            .iter()
            .filter_map(|b| if let Block::Check { id } = b { Some(id.as_str()) } else { None })
    }

    /// Where a fence with this attribute begins, for diagnostics: the first line of the file that holds all words.
    pub(crate) fn place(text: &str, words: &[&str]) -> Option<(usize, usize)> {
        text.lines()
            .position(|line| line.starts_with("```") && words.iter().all(|w| line.contains(w)))
            .map(|index| (index + 1, 1))
    }
}

/// The lines of prose between two fences.
#[derive(Default)]
struct Span {
    lines: Option<(usize, usize)>,
}

impl Span {
    fn extend(&mut self, first: usize, last: usize) {
        self.lines = Some((self.lines.map_or(first, |(start, _)| start), last));
    }

    fn take(&mut self, lines: &[&str]) -> Option<Block> {
        let (first, last) = self.lines.take()?;
        let markdown = lines.get(first.saturating_sub(1)..last.min(lines.len()))?.join("\n");
        let html = html(&markdown);
        Some(Block::Prose { markdown, html })
    }
}

/// A link or picture of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// Where it leads.
    pub(crate) url: String,
    /// Its text.
    pub(crate) text: String,
    /// Whether it is a picture.
    pub(crate) is_image: bool,
}

/// The links and pictures of a text.
pub(crate) fn links(markdown: &str) -> Vec<Link> {
    let arena = Arena::new();
    let root = comrak::parse_document(&arena, markdown, &options());
    let link = |node: &AstNode<'_>| match &node.data.borrow().value {
        NodeValue::Link(link) => Some((link.url.clone(), false)),
        NodeValue::Image(link) => Some((link.url.clone(), true)),
        _ => None,
    };
    root.descendants()
        .filter_map(|node| {
            link(node).map(|(url, is_image)| Link { url, text: text_of(node), is_image })
        })
        .collect()
}

/// Markdown for the browser: raw HTML escaped, dangerous links dropped.
pub fn html(markdown: &str) -> String {
    comrak::markdown_to_html(markdown, &options())
}

fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.render.escape = true;
    options
}

fn text_of<'a>(node: &'a AstNode<'a>) -> String {
    let mut text = String::new();
    for part in node.descendants() {
        match &part.data.borrow().value {
            NodeValue::Text(words) => text.push_str(words),
            NodeValue::Code(code) => text.push_str(&code.literal),
            NodeValue::SoftBreak => text.push(' '),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests;

//! A lab in the terminal: cards, pages, cells with the command that runs them, verdicts with what to do next.

use pancake_lab::{
    CellRun, CheckReport, LabCard, LabView, Verdict,
    page::{Block, Cell, Page, plain},
    world::{CellOutput, Rows},
};
use serde_json::Value;

use crate::output::{Output, Tone, paint, thousands};

/// Prose is wrapped here.
const WIDTH: usize = 88;
/// Rows of an answer that a cell shows.
const ROWS_SHOWN: usize = 20;

/// The list of labs.
pub(super) fn cards(out: &mut Output, cards: &[LabCard]) {
    let rows = cards.iter().map(|c| {
        let state = match (c.started, c.passed == c.checks) {
            (_, true) => paint(Tone::Pass, "served"),
            (true, false) => format!("{} of {}", c.passed, c.checks),
            (false, false) => paint(Tone::Faint, "not started"),
        };
        vec![c.id.clone(), state, format!("{} min", c.minutes), c.title.clone()]
    });
    out.table(&["lab", "checks", "time", "title"], rows.collect());
    if let Some(next) = cards.iter().find(|c| c.passed < c.checks) {
        let (word, how) = if next.started { ("show", "go on") } else { ("start", "begin") };
        out.talk(format!("{how}: `pancake lab {word} {}`", next.id));
    }
}

/// One step of a lab: its page, and where it stands.
pub(super) fn step(out: &mut Output, lab: &LabView, step: Option<&str>) {
    let ids: Vec<&str> = lab.card.steps.iter().map(|s| s.id.as_str()).collect();
    let wanted = step.or(lab.card.next.as_deref());
    let at = wanted.and_then(|w| ids.iter().position(|id| *id == w));
    let Some(at) = at.or_else(|| ids.len().checked_sub(1)) else { return };
    let stack: String = lab.card.steps.iter().map(|s| if s.passed { "▆" } else { "▁" }).collect();
    let heads = format!("{}  {stack}  step {} of {}", lab.card.title, at + 1, ids.len());
    out.line(paint(Tone::Faint, heads));
    out.line("");
    if let Some(shown) = lab.pages.get(at) {
        page(out, lab, shown);
    }
    if lab.card.next.is_none() {
        out.line(paint(Tone::Pass, "All checks have passed: served."));
    }
}

fn page(out: &mut Output, lab: &LabView, page: &Page) {
    let id = &lab.card.id;
    for block in &page.blocks {
        match block {
            Block::Prose { markdown, .. } => out.line(format!("{}\n", plain(markdown, WIDTH))),
            Block::Cell(cell) => {
                let text = lab.cells.get(&cell.id).and_then(|c| c.text.as_deref());
                self::cell(out, id, cell, text);
            }
            Block::Quiz(quiz) => {
                out.line(format!("{} {}", paint(Tone::Strong, "?"), plain(&quiz.question, WIDTH)));
                for choice in &quiz.choices {
                    out.line(format!(
                        "    {}  {}",
                        paint(Tone::Strong, &choice.value),
                        choice.label
                    ));
                }
                command(out, &format!("pancake lab answer {id} {} YOUR_CHOICE", quiz.id));
            }
            Block::Check { id: check } => {
                let passed =
                    lab.check_states.get(check).is_some_and(|c| c.progress.passed_at.is_some());
                let (word, tone) =
                    if passed { ("✓ passed", Tone::Pass) } else { ("○ check", Tone::Faint) };
                out.line(format!("{} {check}", paint(tone, word)));
                if !passed {
                    command(out, &format!("pancake lab check {id}"));
                }
            }
            Block::Clock { feed, play_to } => {
                let feed = feed.as_ref().map_or_else(String::new, |f| format!(" --feed {f}"));
                let to = play_to.as_deref().unwrap_or("end");
                command(out, &format!("pancake lab clock {id}{feed} --to '{to}'"));
            }
            Block::Save { path, text, .. } => {
                out.line(format!("{} {path}", paint(Tone::Strong, "file")));
                indented(out, text);
            }
            Block::Hint(_) => {}
        }
    }
}

fn cell(out: &mut Output, lab: &str, cell: &Cell, own: Option<&str>) {
    let mine = if own.is_some() { ", as you left it" } else { "" };
    out.line(paint(Tone::Faint, format!("── cell {}{mine} ──", cell.id)));
    indented(out, own.unwrap_or(&cell.text));
    if cell.editable {
        command(out, &format!("pancake lab run {lab} {} --edit", cell.id));
    } else {
        command(out, &format!("pancake lab run {lab} {}", cell.id));
    }
}

fn indented(out: &mut Output, text: &str) {
    for line in text.trim_end().lines() {
        out.line(format!("    {line}"));
    }
}

fn command(out: &mut Output, text: &str) {
    out.line(format!("  {} {text}\n", paint(Tone::Strong, "→")));
}

/// What a cell's run gave.
pub(super) fn run(out: &mut Output, lab: &str, run: &CellRun) {
    output(out, &run.output);
    if run.output.fault.is_none() {
        out.talk(format!(
            "next: `pancake lab check {lab}`, or `pancake lab show {lab}` for the page"
        ));
    }
}

fn output(out: &mut Output, output: &CellOutput) {
    for statement in &output.statements {
        if !statement.message.is_empty() {
            out.line(&statement.message);
        }
        if let Some(answer) = &statement.rows {
            rows(out, answer);
        }
    }
}

fn rows(out: &mut Output, answer: &Rows) {
    let heads: Vec<&str> = answer.columns.iter().map(|c| c.name.as_str()).collect();
    let text = |value: &Value| match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let shown = answer.data.iter().take(ROWS_SHOWN);
    out.table(&heads, shown.map(|row| row.iter().map(text).collect()).collect());
    let more = answer.data.len().saturating_sub(ROWS_SHOWN);
    if more > 0 || answer.truncated {
        let least = if answer.truncated { "at least " } else { "" };
        out.talk(format!("{least}{} more rows", thousands(more as u64)));
    }
}

/// The verdicts of checks.
pub(super) fn reports(out: &mut Output, reports: &[CheckReport]) {
    for report in reports {
        let (word, tone) = match report.verdict {
            Verdict::Pass => ("✓ passed ", Tone::Pass),
            Verdict::Fail => ("✗ not yet", Tone::Fail),
            Verdict::Error => ("! our fault", Tone::Warn),
            Verdict::Blocked => ("· waits  ", Tone::Faint),
        };
        out.line(format!("{}  {}", paint(tone, word), report.check));
        if report.verdict != Verdict::Pass && !report.message.is_empty() {
            out.line(format!("           {}", report.message));
        }
        if let Some(hint) = &report.hint {
            out.line(format!("           {hint}"));
        }
    }
}

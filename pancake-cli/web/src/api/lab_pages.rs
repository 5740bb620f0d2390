//! Labs as the browser shows them: rows with the state of each step, and pages to read.

use pancake_lab::{
    LabCard as Card, LabProgress, StepView, Verdict, Workshop, WorkshopResult,
    page::{Block, Cell, Language, Page, Quiz},
    progress::CheckProgress,
};
use pancake_types::Timestamp;

use super::session::ATTENDEE;
use crate::views::{
    CellView, CheckCard, CheckState, LabCard, LabPage, LabState, PartView, StepCard, StepPage,
    StepState,
};

/// All labs in rows.
pub(crate) fn cards(labs: &Workshop) -> WorkshopResult<Vec<LabCard>> {
    let all = labs.list(ATTENDEE)?;
    let passed: Vec<&str> =
        all.iter().filter(|c| c.next.is_none()).map(|c| c.id.as_str()).collect();
    all.iter().map(|card| row(labs, card, &passed)).collect()
}

/// One lab to read.
pub(crate) fn page(labs: &Workshop, name: &str) -> WorkshopResult<LabPage> {
    let lab = labs.find(name)?;
    let id = lab.id().to_owned();
    let all = labs.list(ATTENDEE)?;
    let passed: Vec<&str> =
        all.iter().filter(|c| c.next.is_none()).map(|c| c.id.as_str()).collect();
    let view = labs.show(ATTENDEE, &id)?;
    let card = row(labs, &view.card, &passed)?;
    let pages = card.steps.iter().zip(&lab.pages).map(|(step, page)| StepPage {
        id: step.id.clone(),
        title: step.title.clone(),
        parts: parts(&id, page),
    });
    Ok(LabPage { pages: pages.collect(), card })
}

fn row(labs: &Workshop, card: &Card, all_passed: &[&str]) -> WorkshopResult<LabCard> {
    let progress = if card.started {
        labs.progress(&Workshop::desk(ATTENDEE, labs.find(&card.id)?))?
    } else {
        LabProgress::default()
    };
    let steps = steps(&card.steps, &progress);
    let waits_for = card.after.iter().filter_map(|name| labs.find(name).ok());
    Ok(LabCard {
        id: card.id.clone(),
        number: number(&card.id),
        title: card.title.clone(),
        can_do: card.can_do.clone(),
        minutes: card.minutes,
        state: state(card.started, &steps),
        passed: steps.iter().filter(|s| s.state == StepState::Passed).count() as u32,
        waits_for: waits_for
            .filter(|lab| !all_passed.contains(&lab.id()))
            .map(|lab| number(lab.id()).map_or_else(|| lab.id().to_owned(), |n| format!("lab {n}")))
            .collect(),
        touched_at: touched_at(&progress),
        steps,
    })
}

/// The number in front of an id: `02-recommender` is lab 2.
fn number(id: &str) -> Option<u32> {
    id.split_once('-')?.0.parse().ok()
}

fn touched_at(progress: &LabProgress) -> Option<i64> {
    let passes = progress.checks.values().filter_map(|check| check.passed_at);
    passes.chain(progress.started_at).max().map(Timestamp::millis)
}

fn state(started: bool, steps: &[StepCard]) -> LabState {
    if !started {
        LabState::NotStarted
    } else if steps.iter().all(|s| s.state == StepState::Passed) {
        LabState::Passed
    } else if steps.iter().any(|s| s.state == StepState::Failed) {
        LabState::ToFix
    } else {
        LabState::Working
    }
}

/// The steps in order. Checking a whole lab also judges steps that nobody has come to: they are not *to fix* yet.
fn steps(views: &[StepView], progress: &LabProgress) -> Vec<StepCard> {
    let mut reached = true;
    let card = |view: &StepView| {
        let mut card = step(view, progress);
        if card.state == StepState::Failed && !reached {
            card.state = StepState::None;
        }
        reached &= card.state == StepState::Passed;
        card
    };
    views.iter().map(card).collect()
}

fn step(step: &StepView, progress: &LabProgress) -> StepCard {
    let checks: Vec<CheckCard> =
        step.checks.iter().map(|id| check(id, progress.checks.get(id))).collect();
    let any = |state: CheckState| checks.iter().any(|c| c.state == state);
    let state = if step.passed {
        StepState::Passed
    } else if any(CheckState::Failed) {
        StepState::Failed
    } else if any(CheckState::Passed) {
        StepState::Working
    } else {
        StepState::None
    };
    let (id, title, minutes) = (step.id.clone(), step.title.clone(), step.minutes);
    StepCard { id, title, minutes, state, checks }
}

fn check(id: &str, progress: Option<&CheckProgress>) -> CheckCard {
    let known = progress.cloned().unwrap_or_default();
    // A pass is sticky: a later failure of the same check takes nothing back.
    let state = match (known.passed_at, known.last) {
        (Some(_), _) | (None, Some(Verdict::Pass)) => CheckState::Passed,
        (None, None) => CheckState::None,
        (None, Some(Verdict::Fail)) => CheckState::Failed,
        (None, Some(Verdict::Error)) => CheckState::Error,
        (None, Some(Verdict::Blocked)) => CheckState::Blocked,
    };
    CheckCard {
        id: id.to_owned(),
        state,
        message: known.message,
        attempts: known.attempts,
        hints_opened: known.hints_opened,
    }
}

fn parts(lab: &str, page: &Page) -> Vec<PartView> {
    let quoted = |text: &str| format!("<pre><code>{}</code></pre>", escape(text));
    let part = |block: &Block| match block {
        Block::Prose { html, .. } => Some(PartView::Prose { html: html.clone() }),
        Block::Cell(cell) => Some(PartView::Cell { cell: cell_view(lab, cell) }),
        Block::Check { id } => Some(PartView::Check { id: id.clone() }),
        Block::Quiz(quiz) => Some(PartView::Prose { html: quiz_html(lab, quiz) }),
        Block::Clock { feed, play_to } => {
            let goal = play_to.as_deref().unwrap_or("end");
            let feed = feed.as_ref().map_or(String::new(), |feed| format!(" --feed {feed}"));
            let command = format!("pancake lab clock {lab}{feed} --to {goal}");
            let html =
                format!("<p>play the stream in a terminal: <code>{}</code></p>", escape(&command));
            Some(PartView::Prose { html })
        }
        Block::Save { path, text, .. } => {
            let html = format!("<p>save as <code>{}</code>:</p>{}", escape(path), quoted(text));
            Some(PartView::Prose { html })
        }
        // Hints are asked for, never read in passing.
        Block::Hint(_) => None,
    };
    page.blocks.iter().filter_map(part).collect()
}

/// A question with its choices, and how to answer it in a terminal.
fn quiz_html(lab: &str, quiz: &Quiz) -> String {
    let mut html = format!("<p>{}</p><ul>", escape(&quiz.question));
    for choice in &quiz.choices {
        let (value, label) = (escape(&choice.value), escape(&choice.label));
        html.push_str(&["<li><code>", &value, "</code> ", &label, "</li>"].concat());
    }
    let command = escape(&format!("pancake lab answer {lab} {} ANSWER", quiz.id));
    html.push_str(&["</ul><p>answer in a terminal: <code>", &command, "</code></p>"].concat());
    html
}

fn cell_view(lab: &str, cell: &Cell) -> CellView {
    let language = match cell.language {
        Language::Sql => "sql",
        Language::Sh => "sh",
    };
    CellView {
        id: cell.id.clone(),
        language: language.to_owned(),
        source: cell.text.clone(),
        command: Some(format!("pancake lab run {lab} {}", cell.id)),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(last: Option<Verdict>, passed_at: Option<i64>) -> CheckProgress {
        let passed_at = passed_at.map(Timestamp::from_millis);
        CheckProgress { last, passed_at, ..CheckProgress::default() }
    }

    #[track_caller]
    fn check_step(checks: &[(&str, CheckProgress)], passed: bool, want: StepState) {
        let view = StepView {
            id: "s".into(),
            title: "S".into(),
            minutes: 2,
            checks: checks.iter().map(|(id, _)| (*id).to_owned()).collect(),
            passed,
        };
        let known = checks.iter().map(|(id, p)| ((*id).to_owned(), p.clone())).collect();
        let all = LabProgress { checks: known, ..LabProgress::default() };
        assert_eq!(step(&view, &all).state, want);
    }

    #[test]
    fn a_step_is_what_its_checks_are() {
        let none = || progress(None, None);
        let failed = || progress(Some(Verdict::Fail), None);
        let passed = || progress(Some(Verdict::Pass), Some(5));
        check_step(&[("a", none()), ("b", none())], false, StepState::None);
        check_step(&[("a", passed()), ("b", none())], false, StepState::Working);
        check_step(&[("a", passed()), ("b", failed())], false, StepState::Failed);
        check_step(&[("a", passed())], true, StepState::Passed);
        let fell = progress(Some(Verdict::Fail), Some(5));
        check_step(&[("a", fell)], true, StepState::Passed);
        let ours = progress(Some(Verdict::Error), None);
        check_step(&[("a", ours)], false, StepState::None);
    }

    #[test]
    fn only_the_step_one_has_come_to_is_to_fix() {
        let view = |id: &str, passed| StepView {
            id: id.into(),
            title: id.into(),
            minutes: 1,
            checks: vec![id.into()],
            passed,
        };
        let checks = [
            ("a".to_owned(), progress(Some(Verdict::Pass), Some(1))),
            ("b".to_owned(), progress(Some(Verdict::Fail), None)),
            ("c".to_owned(), progress(Some(Verdict::Fail), None)),
        ];
        let all = LabProgress { checks: checks.into(), ..LabProgress::default() };
        let cards = steps(&[view("a", true), view("b", false), view("c", false)], &all);
        let states: Vec<StepState> = cards.iter().map(|card| card.state).collect();
        assert_eq!(states, [StepState::Passed, StepState::Failed, StepState::None]);
    }

    #[test]
    fn what_is_quoted_stays_text() {
        assert_eq!(escape("<b a=\"1\">&"), "&lt;b a=&quot;1&quot;&gt;&amp;");
        assert_eq!(number("02-recommender"), Some(2));
        assert_eq!(number("recommender"), None);
    }
}

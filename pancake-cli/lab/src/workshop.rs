//! The labs in use: what the API, the command line and the solution player call.
//!
//! * Every act goes through here, so that what it made is known and can be undone.
//! * Running a cell again first undoes its last run: its jobs, its tables, and the topics that only it wrote.
//! * One act at a time: two tabs of one attendee cannot undo each other's work in the middle.
//!
//! Start reading at [`Workshop::run_cell`] and [`Workshop::check`].

mod acts;
mod made;
mod reset;
mod settle;
mod view;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};

use crate::{
    check::{CheckReport, Judge},
    diagnostic::nearest,
    loader::Lab,
    page,
    progress::{Event, EventKind, LabProgress, Verdict},
    workspace,
    world::{Desk, Hands, Journal, World, WorldError},
};

pub use view::{CellView, CheckView, LabCard, LabView, StepView};

/// All labs, the world they are about, and the hands that act in it.
pub struct Workshop {
    labs: BTreeMap<String, Arc<Lab>>,
    world: Arc<dyn World>,
    hands: Arc<dyn Hands>,
    journal: Arc<dyn Journal>,
    acting: Mutex<()>,
}

impl std::fmt::Debug for Workshop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workshop").field("labs", &self.labs.keys()).finish_non_exhaustive()
    }
}

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum WorkshopError {
    /// No such thing in the lab, or no such lab.
    #[error("there is no {kind} `{name}`")]
    Unknown {
        /// What was looked for: `lab`, `cell`, `quiz`, `check`, `step`, `stream`.
        kind: &'static str,
        /// The name.
        name: String,
        /// What may have been meant.
        help: String,
    },
    /// An answer that the quiz does not offer, a moment that is none, and the like.
    #[error("{message}")]
    Invalid {
        /// What is wrong.
        message: String,
        /// What to type instead.
        help: String,
    },
    /// The lab has not been started.
    #[error("lab {lab} is not started")]
    NotStarted {
        /// The lab.
        lab: String,
    },
    /// An act of a solution did not work.
    #[error("{act}: {message}")]
    ActFailed {
        /// The act.
        act: String,
        /// Why.
        message: String,
    },
    /// The world did not answer.
    #[error(transparent)]
    World(#[from] WorldError),
}

impl WorkshopError {
    /// What to type next.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Unknown { help, .. } | Self::Invalid { help, .. } => Some(help.clone()),
            Self::NotStarted { lab } => Some(format!("run `pancake lab start {lab}`")),
            Self::World(WorldError::Refused { hint, .. }) => hint.clone(),
            Self::ActFailed { .. } | Self::World(_) => None,
        }
    }
}

/// The result of using a lab.
pub type WorkshopResult<T> = Result<T, WorkshopError>;

/// Which checks to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'a> {
    /// All of the lab.
    All,
    /// Those of one step.
    Step(&'a str),
    /// One.
    Check(&'a str),
}

/// A hint that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HintView {
    /// The check it helps with.
    pub check: String,
    /// The hint that was computed from what the check saw, if one fits.
    pub computed: Option<String>,
    /// The rung of the ladder that was opened, from 1.
    pub level: u32,
    /// How many rungs there are.
    pub of: u32,
    /// The rung's text, in Markdown.
    pub markdown: String,
    /// The same for the browser.
    pub html: String,
}

/// Before the last rung is shown, this many tries have to be made.
const TRIES_BEFORE_LAST_RUNG: u32 = 2;

impl Workshop {
    /// A workshop of these labs.
    pub fn new(
        labs: impl IntoIterator<Item = Arc<Lab>>,
        world: Arc<dyn World>,
        hands: Arc<dyn Hands>,
        journal: Arc<dyn Journal>,
    ) -> Self {
        let labs = labs.into_iter().map(|lab| (lab.id().to_owned(), lab)).collect();
        Self { labs, world, hands, journal, acting: Mutex::new(()) }
    }

    /// All labs, in order of their ids.
    pub fn labs(&self) -> impl Iterator<Item = &Arc<Lab>> {
        self.labs.values()
    }

    /// A lab by id (`02-recommender`), number (`02`, `2`) or name (`recommender`).
    ///
    /// # Errors
    /// If there is none; the nearest is named.
    pub fn find(&self, name: &str) -> WorkshopResult<&Arc<Lab>> {
        let short = |id: &str| id.split_once('-').map(|(n, slug)| (n.to_owned(), slug.to_owned()));
        let fits = |id: &str| {
            id == name
                || short(id).is_some_and(|(number, slug)| {
                    slug == name || number.trim_start_matches('0') == name.trim_start_matches('0')
                })
        };
        self.labs.values().find(|lab| fits(lab.id())).ok_or_else(|| {
            let slugs = self.labs.keys().filter_map(|id| short(id).map(|(_, slug)| (slug, id)));
            let slugs: BTreeMap<String, &String> = slugs.collect();
            let near = nearest(name, self.labs.keys().map(String::as_str))
                .or_else(|| nearest(name, slugs.keys().map(String::as_str)));
            unknown(
                "lab",
                name,
                near.map_or_else(
                    || "see `pancake lab list`".into(),
                    |near| format!("did you mean `{near}`?"),
                ),
            )
        })
    }

    /// The desk of an attendee at a lab.
    pub fn desk(attendee: &str, lab: &Lab) -> Desk {
        Desk { attendee: attendee.to_owned(), lab: lab.id().to_owned() }
    }

    /// The progress at a desk.
    pub fn progress(&self, desk: &Desk) -> WorkshopResult<LabProgress> {
        let events = self.journal.read(&desk.attendee)?;
        Ok(LabProgress::of(events.iter().filter(|(at, _)| at == desk).map(|(_, event)| event)))
    }

    /// Opens a lab: its files and streams are made ready, and progress begins. A lab that is open already stays as it is.
    pub fn start(&self, attendee: &str, lab: &str, variant: Option<&str>) -> WorkshopResult<()> {
        let _acting = self.acting();
        let lab = self.find(lab)?;
        let desk = Self::desk(attendee, lab);
        if self.progress(&desk)?.started_at.is_some() {
            return Ok(());
        }
        self.open(&desk, lab, variant)
    }

    /// Runs a cell, with the learner's text if it has one or is given one.
    pub fn run_cell(
        &self,
        attendee: &str,
        lab: &str,
        cell: &str,
        text: Option<&str>,
    ) -> WorkshopResult<workspace::CellRun> {
        let _acting = self.acting();
        let (lab, desk, _) = self.started(attendee, lab)?;
        self.run(&desk, &lab, cell, text)
    }

    /// Keeps the text of a cell without running it.
    pub fn save_cell(
        &self,
        attendee: &str,
        lab: &str,
        cell: &str,
        text: &str,
    ) -> WorkshopResult<()> {
        let _acting = self.acting();
        let (lab, desk, _) = self.started(attendee, lab)?;
        known_cell(&lab, cell)?;
        Ok(workspace::put_text((&*self.world, &*self.hands), &desk, cell, text)?)
    }

    /// Takes the answer to a quiz.
    pub fn answer(&self, attendee: &str, lab: &str, quiz: &str, value: &str) -> WorkshopResult<()> {
        let _acting = self.acting();
        let (lab, desk, _) = self.started(attendee, lab)?;
        self.take_answer(&desk, &lab, quiz, value)
    }

    /// Takes the value of a variable that the lab asks for.
    pub fn set_var(
        &self,
        attendee: &str,
        lab: &str,
        name: &str,
        value: &str,
    ) -> WorkshopResult<()> {
        let _acting = self.acting();
        let (lab, desk, _) = self.started(attendee, lab)?;
        let known =
            lab.file.vars.get(name).ok_or_else(|| unknown("variable", name, String::new()))?;
        let fits = known.r#match.as_deref().is_none_or(|pattern| {
            regex::Regex::new(pattern).is_ok_and(|regex| regex.is_match(value))
        });
        if !fits {
            let message = format!("`{value}` does not answer: {}", known.ask);
            let help = format!("it must match {}", known.r#match.as_deref().unwrap_or_default());
            return Err(WorkshopError::Invalid { message, help });
        }
        Ok(workspace::put_var((&*self.world, &*self.hands), &desk, name, value)?)
    }

    /// Judges checks, and writes to the journal what changed. It does nothing else.
    pub fn check(
        &self,
        attendee: &str,
        lab: &str,
        which: Which<'_>,
    ) -> WorkshopResult<Vec<CheckReport>> {
        let (lab, desk, progress) = self.started(attendee, lab)?;
        let variant = progress.variant.as_deref();
        let ids = checks_of(&lab, which, variant)?;
        let vars = self.vars(&desk, &lab)?;
        let judge = Judge { lab: &lab, world: &*self.world, desk: &desk, variant, vars: &vars };
        let reports = judge.judge_all(ids.iter().map(String::as_str));
        for report in &reports {
            self.note(&desk, &progress, report)?;
        }
        Ok(reports)
    }

    /// Opens the next hint for a check: what can be computed from what it sees, and one rung of its ladder.
    pub fn hint(&self, attendee: &str, lab: &str, check: &str) -> WorkshopResult<HintView> {
        let (lab, desk, progress) = self.started(attendee, lab)?;
        checks_of(&lab, Which::Check(check), progress.variant.as_deref())?;
        let vars = self.vars(&desk, &lab)?;
        let variant = progress.variant.as_deref();
        let judge = Judge { lab: &lab, world: &*self.world, desk: &desk, variant, vars: &vars };
        let computed = judge.judge(check).hint;
        let known = progress.checks.get(check).cloned().unwrap_or_default();
        let ladder = lab.hints(check);
        let of = u32::try_from(ladder.len()).unwrap_or(u32::MAX);
        let mut level = (known.hints_opened + 1).min(of);
        if level == of && of > 1 && known.attempts < TRIES_BEFORE_LAST_RUNG {
            level = of - 1;
        }
        let rung = ladder.get(usize::try_from(level).unwrap_or(0).saturating_sub(1));
        if level > known.hints_opened {
            self.tell(&desk, EventKind::HintOpened { check: check.to_owned(), level })?;
        }
        Ok(HintView {
            check: check.to_owned(),
            computed,
            level,
            of,
            markdown: rung.map(|h| h.markdown.clone()).unwrap_or_default(),
            html: rung.map(|h| h.html.clone()).unwrap_or_default(),
        })
    }

    fn acting(&self) -> MutexGuard<'_, ()> {
        // The lock guards no data: a panic in one act leaves nothing half written behind it.
        self.acting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn started(&self, attendee: &str, lab: &str) -> WorkshopResult<(Arc<Lab>, Desk, LabProgress)> {
        let lab = Arc::clone(self.find(lab)?);
        let desk = Self::desk(attendee, &lab);
        let progress = self.progress(&desk)?;
        if progress.started_at.is_none() {
            return Err(WorkshopError::NotStarted { lab: lab.id().to_owned() });
        }
        Ok((lab, desk, progress))
    }

    fn vars(&self, desk: &Desk, lab: &Lab) -> WorkshopResult<BTreeMap<String, String>> {
        let given = workspace::vars(&*self.world, desk)?;
        let value = |name: &String| {
            let default = || lab.file.vars.get(name).and_then(|v| v.default.clone());
            given.get(name).cloned().or_else(default).unwrap_or_else(|| desk.attendee.clone())
        };
        Ok(lab.file.vars.keys().map(|name| (name.clone(), value(name))).collect())
    }

    fn tell(&self, desk: &Desk, kind: EventKind) -> WorkshopResult<()> {
        let event = Event { at: self.world.now(), kind };
        Ok(self.journal.append(desk, &event)?)
    }

    /// Writes an attempt down, unless it says what the last one said.
    fn note(
        &self,
        desk: &Desk,
        progress: &LabProgress,
        report: &CheckReport,
    ) -> WorkshopResult<()> {
        let known = progress.checks.get(&report.check);
        let said = report.said();
        let same = known.is_some_and(|k| k.last == Some(report.verdict) && k.message == said);
        if !same {
            self.tell(
                desk,
                EventKind::Attempt {
                    check: report.check.clone(),
                    verdict: report.verdict,
                    message: said,
                    actual: report.actual.clone(),
                },
            )?;
        }
        if report.verdict == Verdict::Pass && !progress.passed(&report.check) {
            self.tell(desk, EventKind::Passed { check: report.check.clone() })?;
        }
        Ok(())
    }
}

fn unknown(kind: &'static str, name: &str, help: String) -> WorkshopError {
    WorkshopError::Unknown { kind, name: name.to_owned(), help }
}

fn known_cell<'a>(lab: &'a Lab, cell: &str) -> WorkshopResult<&'a page::Cell> {
    lab.cell(cell).ok_or_else(|| {
        let cells = lab.pages.iter().flat_map(page::Page::cells);
        let ids: Vec<&str> = cells.map(|cell| cell.id.as_str()).collect();
        let help = match nearest(cell, ids.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("cells: {}", ids.join(", ")),
        };
        unknown("cell", cell, help)
    })
}

fn checks_of(lab: &Lab, which: Which<'_>, variant: Option<&str>) -> WorkshopResult<Vec<String>> {
    let all = lab.checks_in_order(variant).into_iter().map(|(id, _)| id.to_owned());
    match which {
        Which::All => Ok(all.collect()),
        Which::Check(check) => {
            let known: Vec<String> = all.collect();
            if known.iter().any(|id| id == check) {
                return Ok(vec![check.to_owned()]);
            }
            Err(unknown("check", check, format!("checks: {}", known.join(", "))))
        }
        Which::Step(step) => {
            let found = lab.step(step).ok_or_else(|| no_step(lab, step))?;
            Ok(all.filter(|id| found.checks.contains(id)).collect())
        }
    }
}

fn no_step(lab: &Lab, step: &str) -> WorkshopError {
    let steps: Vec<&str> = lab.file.steps.iter().map(|step| step.id.as_str()).collect();
    unknown("step", step, format!("steps: {}", steps.join(", ")))
}

#[cfg(test)]
mod tests;

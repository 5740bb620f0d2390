//! What is shown of a lab: a card in the list, and the whole with everything a page needs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Workshop, WorkshopResult};
use crate::{
    format::{CheckSpec, Difficulty},
    loader::Lab,
    page::Page,
    progress::{CheckProgress, LabProgress},
    workspace::{self, CellRun},
    world::{Desk, FeedFacts},
};

/// A lab in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabCard {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What one can do afterwards.
    pub can_do: String,
    /// A promise to the reader.
    pub minutes: u32,
    /// How hard it is.
    pub difficulty: Difficulty,
    /// Labs to be done before it.
    pub after: Vec<String>,
    /// Rows of the curriculum.
    pub covers: Vec<String>,
    /// What there is to choose from for its data.
    pub variants: Vec<String>,
    /// Whether it was started.
    pub started: bool,
    /// The variant that was chosen.
    pub variant: Option<String>,
    /// Its steps.
    pub steps: Vec<StepView>,
    /// Checks that have passed.
    pub passed: usize,
    /// Checks in all.
    pub checks: usize,
    /// The step to go on with; none if all is passed.
    pub next: Option<String>,
}

/// A step in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    /// Its id.
    pub id: String,
    /// Its page's heading.
    pub title: String,
    /// A promise to the reader.
    pub minutes: u32,
    /// Its checks.
    pub checks: Vec<String>,
    /// Whether all of them have passed.
    pub passed: bool,
}

/// A lab with all that its pages need.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabView {
    /// The card.
    #[serde(flatten)]
    pub card: LabCard,
    /// The pages, one for each step.
    pub pages: Vec<Page>,
    /// The checks, by id.
    pub check_states: BTreeMap<String, CheckView>,
    /// The learner's cells, by id.
    pub cells: BTreeMap<String, CellView>,
    /// The answers given, by quiz.
    pub answers: BTreeMap<String, String>,
    /// The values of the lab's variables.
    pub vars: BTreeMap<String, String>,
    /// The streams' clocks.
    pub feeds: Vec<FeedFacts>,
}

/// A check as a page shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckView {
    /// Its kind.
    pub kind: String,
    /// The step it closes.
    pub step: String,
    /// How many rungs its ladder has.
    pub hints: usize,
    /// What is known of it.
    #[serde(flatten)]
    pub progress: CheckProgress,
}

/// A cell as the learner left it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CellView {
    /// The learner's text, if it differs from the page's.
    pub text: Option<String>,
    /// Its last run.
    pub run: Option<CellRun>,
}

impl Workshop {
    /// All labs with the attendee's progress.
    pub fn list(&self, attendee: &str) -> WorkshopResult<Vec<LabCard>> {
        let events = self.journal.read(attendee)?;
        let card = |lab: &Lab| {
            let desk = Self::desk(attendee, lab);
            let own = events.iter().filter(|(at, _)| *at == desk).map(|(_, event)| event);
            card(lab, &LabProgress::of(own))
        };
        Ok(self.labs.values().map(|lab| card(lab)).collect())
    }

    /// One lab, whole.
    pub fn show(&self, attendee: &str, lab: &str) -> WorkshopResult<LabView> {
        let lab = self.find(lab)?;
        let desk = Self::desk(attendee, lab);
        let progress = self.progress(&desk)?;
        let card = card(lab, &progress);
        let check = |(id, spec): (&str, &CheckSpec)| {
            let kind = spec.kinds().first().map_or("", |kind| kind.name());
            let view = CheckView {
                kind: kind.to_owned(),
                step: lab.step_of_check(id).map(|s| s.id.clone()).unwrap_or_default(),
                hints: lab.hints(id).len(),
                progress: progress.checks.get(id).cloned().unwrap_or_default(),
            };
            (id.to_owned(), view)
        };
        Ok(LabView {
            pages: lab.pages.clone(),
            check_states: lab
                .checks_in_order(progress.variant.as_deref())
                .into_iter()
                .map(check)
                .collect(),
            cells: self.cells(&desk, lab)?,
            answers: workspace::answers(&*self.world, &desk)?,
            vars: self.vars(&desk, lab)?,
            feeds: self.feeds(&desk, lab)?,
            card,
        })
    }

    fn cells(&self, desk: &Desk, lab: &Lab) -> WorkshopResult<BTreeMap<String, CellView>> {
        let mut runs = workspace::runs(&*self.world, desk)?;
        let mut texts = workspace::texts(&*self.world, desk)?;
        let cells = lab.pages.iter().flat_map(Page::cells).map(|cell| {
            let text = texts.remove(&cell.id).filter(|text| *text != cell.text);
            (cell.id.clone(), CellView { text, run: runs.remove(&cell.id) })
        });
        Ok(cells.collect())
    }

    fn feeds(&self, desk: &Desk, lab: &Lab) -> WorkshopResult<Vec<FeedFacts>> {
        let mut feeds = Vec::new();
        for name in lab.file.data.keys() {
            feeds.extend(self.world.feed(desk, name)?);
        }
        Ok(feeds)
    }
}

fn card(lab: &Lab, progress: &LabProgress) -> LabCard {
    let file = &lab.file;
    let variant = progress.variant.as_deref();
    let here = |id: &&String| file.checks.get(*id).is_some_and(|spec| spec.is_for(variant));
    let steps: Vec<StepView> = file
        .steps
        .iter()
        .zip(&lab.pages)
        .map(|(step, page)| {
            let checks: Vec<String> = step.checks.iter().filter(here).cloned().collect();
            StepView {
                id: step.id.clone(),
                title: page.title.clone(),
                minutes: step.minutes,
                passed: checks.iter().all(|id| progress.passed(id)),
                checks,
            }
        })
        .collect();
    let all = || steps.iter().flat_map(|step| &step.checks);
    LabCard {
        id: file.id.clone(),
        title: file.title.clone(),
        can_do: file.can_do.clone(),
        minutes: file.minutes,
        difficulty: file.difficulty,
        after: file.after.clone(),
        covers: file.covers.clone(),
        variants: lab.variants().into_iter().map(str::to_owned).collect(),
        started: progress.started_at.is_some(),
        variant: progress.variant.clone(),
        passed: all().filter(|id| progress.passed(id)).count(),
        checks: all().count(),
        next: steps.iter().find(|step| !step.passed).map(|step| step.id.clone()),
        steps,
    }
}

//! Back to the start, and forward by the solution: open, reset, solve and jump are one code path.
//!
//! * After a reset of the whole lab, files, streams and everything the lab made are as they were right after it was opened.
//! * Jumping to a step is a reset and the solutions of the steps before it, so a jump leaves what a learner would have.

use super::{Workshop, WorkshopResult, made, no_step};
use crate::{
    loader::Lab,
    progress::EventKind,
    workspace,
    world::{Desk, FeedMove, Inventory},
};

/// Where to go back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Upto<'a> {
    Before(&'a str),
    With(&'a str),
    End,
}

impl Workshop {
    /// Plays the solution: of all steps, or of all up to and with one.
    pub fn solve(&self, attendee: &str, lab: &str, step: Option<&str>) -> WorkshopResult<()> {
        let _acting = self.acting();
        let (lab, desk, progress) = self.started(attendee, lab)?;
        self.play(&desk, &lab, progress.variant.as_deref(), step.map_or(Upto::End, Upto::With))
    }

    /// Plays the solution of exactly one step.
    pub fn solve_step(&self, attendee: &str, lab: &str, step: &str) -> WorkshopResult<()> {
        let _acting = self.acting();
        let (lab, desk, progress) = self.started(attendee, lab)?;
        self.play_step(&desk, &lab, progress.variant.as_deref(), step)
    }

    /// Goes to the start of a step: everything before it is solved, nothing after it is begun.
    pub fn jump(&self, attendee: &str, lab: &str, step: &str) -> WorkshopResult<()> {
        let _acting = self.acting();
        let (lab, desk, progress) = self.started(attendee, lab)?;
        lab.step(step).ok_or_else(|| no_step(&lab, step))?;
        let variant = progress.variant;
        self.wipe(&desk, &lab, variant.as_deref())?;
        self.open(&desk, &lab, variant.as_deref())?;
        self.play(&desk, &lab, variant.as_deref(), Upto::Before(step))
    }

    /// Goes back to the start: of the lab, or of one step's cells and passes.
    pub fn reset(&self, attendee: &str, lab: &str, step: Option<&str>) -> WorkshopResult<()> {
        let _acting = self.acting();
        let (lab, desk, progress) = self.started(attendee, lab)?;
        match step {
            None => {
                self.wipe(&desk, &lab, progress.variant.as_deref())?;
                self.open(&desk, &lab, progress.variant.as_deref())
            }
            Some(step) => self.reset_step(&desk, &lab, step),
        }
    }

    /// Makes the lab's files and streams ready, and begins its progress.
    pub(super) fn open(&self, desk: &Desk, lab: &Lab, variant: Option<&str>) -> WorkshopResult<()> {
        for (path, bytes) in &lab.start {
            self.hands.write_file(desk, path, bytes)?;
        }
        for (feed, full) in lab.feeds(variant) {
            self.hands.open_feed(desk, &feed)?;
            if full {
                let all = FeedMove::PlayTo(None);
                self.hands.move_feed(desk, &feed.name, all)?;
                self.wait_for_feed(desk, &feed.name, all, 0)?;
            }
        }
        self.tell(desk, EventKind::Started { variant: variant.map(str::to_owned) })
    }

    /// Removes all that the lab has made, and its progress.
    fn wipe(&self, desk: &Desk, lab: &Lab, variant: Option<&str>) -> WorkshopResult<()> {
        let runs = workspace::runs(&*self.world, desk)?;
        let made = runs.values().fold(Inventory::default(), |all, run| made::union(all, &run.made));
        let made = made::union(made, &self.declared(lab)?);
        if made != Inventory::default() {
            self.hands.remove(&made)?;
        }
        for (feed, _) in lab.feeds(variant) {
            self.hands.close_feed(desk, &feed)?;
        }
        self.hands.wipe_files(desk)?;
        self.tell(desk, EventKind::Reset { step: None, checks: Vec::new() })
    }

    /// What `makes:` names and is there.
    fn declared(&self, lab: &Lab) -> WorkshopResult<Inventory> {
        let there = self.world.inventory()?;
        let makes = &lab.file.makes;
        let both =
            |a: &[String], b: &[String]| a.iter().filter(|x| b.contains(x)).cloned().collect();
        Ok(Inventory {
            topics: both(&makes.topics, &there.topics),
            tables: both(&makes.tables, &there.tables),
            jobs: both(&makes.jobs, &there.jobs),
            models: both(&makes.models, &there.models),
        })
    }

    fn reset_step(&self, desk: &Desk, lab: &Lab, step: &str) -> WorkshopResult<()> {
        let found = lab.step(step).ok_or_else(|| no_step(lab, step))?;
        let page = lab.pages.iter().find(|page| page.file == found.page);
        let known = workspace::texts(&*self.world, desk)?;
        for cell in page.into_iter().flat_map(crate::page::Page::cells) {
            self.undo(desk, lab, &cell.id)?;
            if known.get(&cell.id).is_some_and(|text| *text != cell.text) {
                workspace::put_text((&*self.world, &*self.hands), desk, &cell.id, &cell.text)?;
            }
        }
        self.tell(
            desk,
            EventKind::Reset { step: Some(step.to_owned()), checks: found.checks.clone() },
        )
    }

    fn play(
        &self,
        desk: &Desk,
        lab: &Lab,
        variant: Option<&str>,
        upto: Upto<'_>,
    ) -> WorkshopResult<()> {
        if let Upto::Before(step) | Upto::With(step) = upto {
            lab.step(step).ok_or_else(|| no_step(lab, step))?;
        }
        for step in &lab.file.steps {
            if upto == Upto::Before(&step.id) {
                break;
            }
            self.play_step(desk, lab, variant, &step.id)?;
            if upto == Upto::With(&step.id) {
                break;
            }
        }
        Ok(())
    }

    fn play_step(
        &self,
        desk: &Desk,
        lab: &Lab,
        variant: Option<&str>,
        step: &str,
    ) -> WorkshopResult<()> {
        lab.step(step).ok_or_else(|| no_step(lab, step))?;
        lab.solution(step, variant).iter().try_for_each(|act| self.do_act(desk, lab, variant, act))
    }
}

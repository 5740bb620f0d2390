//! Acts: run a cell, answer, move the clock, and the rest of what a solution may do.

use std::time::Duration;

use super::{Workshop, WorkshopError, WorkshopResult, known_cell, made, unknown};
use crate::{
    format::{Act, ClockAct, ClockGoal, HttpAct, show_moment},
    loader::Lab,
    page::{Language, command_lines},
    workspace::{self, CellRun},
    world::{
        CellFault, CellOutput, Desk, FeedFacts, FeedMove, FeedState, HttpRequest, Inventory,
        StatementOutput, WorldError,
    },
};

/// A stream is given this long to come to where it was sent.
const PLAY_LIMIT: Duration = Duration::from_mins(5);

/// How often it is asked where it is.
const ASK_AGAIN: Duration = Duration::from_millis(20);

impl Workshop {
    /// Moves a stream's clock, and waits until it stands where it was sent.
    pub fn clock(&self, attendee: &str, lab: &str, act: &ClockAct) -> WorkshopResult<FeedFacts> {
        let _acting = self.acting();
        let (lab, desk, progress) = self.started(attendee, lab)?;
        self.move_clock(&desk, &lab, progress.variant.as_deref(), act)
    }

    /// Does what one act of a solution says.
    pub fn act(&self, attendee: &str, lab: &str, act: &Act) -> WorkshopResult<()> {
        let _acting = self.acting();
        let (lab, desk, progress) = self.started(attendee, lab)?;
        self.do_act(&desk, &lab, progress.variant.as_deref(), act)
    }

    pub(super) fn do_act(
        &self,
        desk: &Desk,
        lab: &Lab,
        variant: Option<&str>,
        act: &Act,
    ) -> WorkshopResult<()> {
        self.settle()?;
        match act {
            Act::Cell(cell) => {
                // Without a text of its own an act means the page's, whatever the learner made of it.
                let known = known_cell(lab, &cell.cell)?;
                let text = cell.text.as_deref().unwrap_or(&known.text);
                let run = self.run(desk, lab, &cell.cell, Some(text))?;
                worked(&format!("cell {}", cell.cell), &run.output)
            }
            Act::Answer(answers) => answers
                .0
                .iter()
                .try_for_each(|(quiz, value)| self.take_answer(desk, lab, quiz, value)),
            Act::Clock(act) => self.move_clock(desk, lab, variant, act).map(drop),
            Act::Write(file) => {
                Ok(self.hands.write_file(desk, &file.path, file.text.as_bytes())?)
            }
            Act::Produce(act) => {
                let before = self.world.inventory()?;
                self.hands.produce(&act.topic, &act.records)?;
                self.remember(desk, &format!("produce-{}", act.topic), &before)
            }
            Act::Sql(text) => {
                let before = self.world.inventory()?;
                let output = self.hands.run_sql(desk, &self.fill_vars(desk, lab, text)?)?;
                self.remember(desk, "sql", &before)?;
                worked("sql", &output)
            }
            Act::Http(act) => self.send(act),
            Act::Pancake(line) => {
                let before = self.world.inventory()?;
                let output = self.run_commands(desk, &format!("pancake {line}"))?;
                self.remember(desk, "pancake", &before)?;
                worked(&format!("pancake {line}"), &output)
            }
        }
    }

    pub(super) fn run(
        &self,
        desk: &Desk,
        lab: &Lab,
        cell: &str,
        text: Option<&str>,
    ) -> WorkshopResult<CellRun> {
        let known = known_cell(lab, cell)?;
        if let Some(text) = text {
            workspace::put_text((&*self.world, &*self.hands), desk, cell, text)?;
        }
        let kept = workspace::texts(&*self.world, desk)?.remove(cell);
        let text = kept.unwrap_or_else(|| known.text.clone());
        let filled = self.fill_vars(desk, lab, &text)?;
        self.undo(desk, lab, cell)?;
        let before = self.world.inventory()?;
        let output = match known.language {
            Language::Sql => self.hands.run_sql(desk, &filled)?,
            Language::Sh => self.run_commands(desk, &filled)?,
        };
        let made = made::made(&*self.world, &before)?;
        let run = CellRun { at: self.world.now(), text, output, made };
        workspace::put_run(&*self.hands, desk, cell, Some(&run))?;
        Ok(run)
    }

    /// Undoes a cell's last run, if there was one.
    pub(super) fn undo(&self, desk: &Desk, lab: &Lab, cell: &str) -> WorkshopResult<()> {
        let Some(run) = workspace::run(&*self.world, desk, cell)? else { return Ok(()) };
        let things = made::undoable(&*self.world, lab, &run.made)?;
        if things != Inventory::default() {
            self.hands.remove(&things)?;
        }
        // Models outlive the undo, but the reset must still know whose they are.
        let left = CellRun {
            made: Inventory { models: run.made.models.clone(), ..Inventory::default() },
            ..run
        };
        if left.made.models.is_empty() {
            return Ok(workspace::put_run(&*self.hands, desk, cell, None)?);
        }
        let name = format!("{cell}.made");
        let known = workspace::run(&*self.world, desk, &name)?.map(|r| r.made).unwrap_or_default();
        let all = CellRun { made: made::union(known, &left.made), ..left };
        Ok(workspace::put_run(&*self.hands, desk, &name, Some(&all))?)
    }

    /// Remembers what an act without a cell has made, so that a reset can remove it.
    fn remember(&self, desk: &Desk, name: &str, before: &Inventory) -> WorkshopResult<()> {
        let made = made::made(&*self.world, before)?;
        if made == Inventory::default() {
            return Ok(());
        }
        let name = format!("act-{name}");
        let known = workspace::run(&*self.world, desk, &name)?.unwrap_or_default();
        let run = CellRun {
            made: made::union(known.made, &made),
            at: self.world.now(),
            ..CellRun::default()
        };
        Ok(workspace::put_run(&*self.hands, desk, &name, Some(&run))?)
    }

    pub(super) fn take_answer(
        &self,
        desk: &Desk,
        lab: &Lab,
        quiz: &str,
        value: &str,
    ) -> WorkshopResult<()> {
        let known = lab.quiz(quiz).ok_or_else(|| {
            let ids = lab.pages.iter().flat_map(crate::page::Page::quizzes).map(|q| q.id.as_str());
            unknown("quiz", quiz, format!("quizzes: {}", ids.collect::<Vec<_>>().join(", ")))
        })?;
        let choices: Vec<&str> = known.choices.iter().map(|c| c.value.as_str()).collect();
        if !choices.is_empty() && !choices.contains(&value) {
            let message = format!("`{value}` is not an answer to quiz `{quiz}`");
            return Err(WorkshopError::Invalid {
                message,
                help: format!("choose one of {}", choices.join(", ")),
            });
        }
        Ok(workspace::put_answer((&*self.world, &*self.hands), desk, quiz, value)?)
    }

    pub(super) fn move_clock(
        &self,
        desk: &Desk,
        lab: &Lab,
        variant: Option<&str>,
        act: &ClockAct,
    ) -> WorkshopResult<FeedFacts> {
        let feeds = || lab.file.data.keys().cloned().collect::<Vec<_>>().join(", ");
        let name = act.feed.as_deref().or_else(|| lab.only_feed()).ok_or_else(|| {
            WorkshopError::Invalid {
                message: "the lab has several streams".into(),
                help: format!("name one of {}", feeds()),
            }
        })?;
        let now = self
            .feed(desk, name)?
            .ok_or_else(|| unknown("stream", name, format!("streams: {}", feeds())))?;
        let how = match &act.goal {
            ClockGoal::Play => FeedMove::Play,
            ClockGoal::Pause => FeedMove::Pause,
            ClockGoal::Step(events) => FeedMove::Step(*events),
            ClockGoal::End => FeedMove::PlayTo(None),
            ClockGoal::PlayTo(text) => {
                let moment =
                    lab.moment(name, variant, text).ok_or_else(|| WorkshopError::Invalid {
                        message: format!(
                            "`{text}` is neither a moment nor a mark of stream `{name}`"
                        ),
                        help: format!("a moment looks like {}", show_moment(now.start.millis())),
                    })?;
                FeedMove::PlayTo(Some(pancake_types::Timestamp::from_millis(moment)))
            }
        };
        self.hands.move_feed(desk, name, how)?;
        self.wait_for_feed(desk, name, how, now.sent)
    }

    fn feed(&self, desk: &Desk, name: &str) -> WorkshopResult<Option<FeedFacts>> {
        Ok(self.world.feed(desk, name)?)
    }

    pub(super) fn wait_for_feed(
        &self,
        desk: &Desk,
        name: &str,
        how: FeedMove,
        sent_before: u64,
    ) -> WorkshopResult<FeedFacts> {
        let began = self.world.monotonic();
        loop {
            let feed =
                self.feed(desk, name)?.ok_or_else(|| unknown("stream", name, String::new()))?;
            let there = match how {
                FeedMove::Play => true,
                FeedMove::Pause | FeedMove::PlayTo(_) => feed.state != FeedState::Playing,
                FeedMove::Step(events) => feed.sent >= sent_before + u64::from(events),
            };
            if there || feed.state == FeedState::Done {
                return Ok(feed);
            }
            if self.world.monotonic().saturating_sub(began) >= PLAY_LIMIT {
                let what = format!("stream `{name}`");
                return Err(WorldError::TimedOut { what, seconds: PLAY_LIMIT.as_secs() }.into());
            }
            self.world.wait_for_change(ASK_AGAIN);
        }
    }

    fn run_commands(&self, desk: &Desk, text: &str) -> WorkshopResult<CellOutput> {
        let mut output = CellOutput::default();
        let commands = match command_lines(text) {
            Ok(commands) => commands,
            Err((line, message)) => {
                let line = u32::try_from(line).ok();
                output.fault = Some(CellFault { message, line, ..CellFault::default() });
                return Ok(output);
            }
        };
        for argv in commands {
            let said = self.hands.pancake(desk, &argv)?;
            output.statements.push(StatementOutput {
                message: said.stdout.clone(),
                ..StatementOutput::default()
            });
            if said.code != 0 {
                let why = if said.stderr.trim().is_empty() { said.stdout } else { said.stderr };
                let message =
                    format!("pancake {} ended with {}: {}", argv.join(" "), said.code, why.trim());
                output.fault = Some(CellFault { message, ..CellFault::default() });
                break;
            }
        }
        Ok(output)
    }

    fn send(&self, act: &HttpAct) -> WorkshopResult<()> {
        let method = if act.post.is_some() { "POST" } else { "GET" };
        let url = act.post.clone().or_else(|| act.get.clone()).unwrap_or_default();
        let request = HttpRequest {
            method: method.into(),
            url: url.clone(),
            body: act.body.clone(),
            ..HttpRequest::default()
        };
        let answer = self.hands.send(&request)?;
        if answer.status < 400 {
            return Ok(());
        }
        let message = format!("status {}: {}", answer.status, answer.body);
        Err(WorkshopError::ActFailed { act: format!("{method} {url}"), message })
    }

    fn fill_vars(&self, desk: &Desk, lab: &Lab, text: &str) -> WorkshopResult<String> {
        let vars = self.vars(desk, lab)?;
        Ok(vars.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        }))
    }
}

fn worked(act: &str, output: &CellOutput) -> WorkshopResult<()> {
    let Some(fault) = &output.fault else { return Ok(()) };
    let at = match (fault.line, fault.column) {
        (Some(line), Some(column)) => format!(" (line {line}, column {column})"),
        (Some(line), None) => format!(" (line {line})"),
        _ => String::new(),
    };
    Err(WorkshopError::ActFailed { act: act.to_owned(), message: format!("{}{at}", fault.message) })
}

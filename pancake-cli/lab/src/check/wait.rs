//! Waiting for a stream to come far enough: on the stream's clock, with a bound on ours, and never without a reason.
//!
//! * It ends early when nothing moves any more: the job has read all there is and no stream of the lab plays.
//! * It never turns a missing or failed job into a wait: the check then says what it sees.

use std::time::Duration;

use super::Judge;
use crate::{
    condition::goal_of_watermark,
    format::{WaitFor, show_moment},
    template::thousands,
    world::{FeedState, JobFacts, WorldResult},
};

/// How a wait ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// The check can be tried.
    Ready,
    /// It cannot, and why.
    NotYet(String),
}

/// How long the world is given to say something new before it is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// How often in a row nothing may have moved before the wait ends early.
const STILL_MAX: u32 = 3;

pub(super) fn wait_for(judge: &Judge<'_>, on: &WaitFor, limit: Duration) -> WorldResult<Waited> {
    if let Some(job) = &on.job {
        let goal =
            on.watermark.as_deref().and_then(|text| goal_of_watermark(text, start_of(judge)));
        let waited = wait_for_job(judge, job, goal, limit)?;
        if waited != Waited::Ready {
            return Ok(waited);
        }
    }
    match &on.model {
        Some(model) => wait_for_model(judge, model, limit),
        None => Ok(Waited::Ready),
    }
}

/// A model that follows a topic always catches up, so this wait has no early end.
fn wait_for_model(judge: &Judge<'_>, model: &str, limit: Duration) -> WorldResult<Waited> {
    let began = judge.world.monotonic();
    loop {
        let lag = judge.world.model(model)?.and_then(|model| model.online_lag).unwrap_or(0);
        if lag == 0 {
            return Ok(Waited::Ready);
        }
        if judge.world.monotonic().saturating_sub(began) >= limit {
            let lag = thousands(lag.cast_signed());
            return Ok(Waited::NotYet(format!(
                "Model `{model}` has {lag} events still to learn from. Check again in a moment."
            )));
        }
        judge.world.wait_for_change(ASK_AGAIN);
    }
}

fn wait_for_job(
    judge: &Judge<'_>,
    job: &str,
    goal: Option<i64>,
    limit: Duration,
) -> WorldResult<Waited> {
    let began = judge.world.monotonic();
    let mut still = 0;
    let mut last = None;
    loop {
        let Some(job) = judge.world.job(job)? else { return Ok(Waited::Ready) };
        if reached(&job, goal) || !matches!(job.state.as_str(), "starting" | "running") {
            return Ok(Waited::Ready);
        }
        let moves = !job.caught_up || any_feed_plays(judge)? || last != Some(job.watermark);
        still = if moves { 0 } else { still + 1 };
        last = Some(job.watermark);
        let waited = judge.world.monotonic().saturating_sub(began);
        if still >= STILL_MAX || waited >= limit {
            return Ok(Waited::NotYet(not_yet(&job, goal, still >= STILL_MAX)));
        }
        judge.world.wait_for_change(ASK_AGAIN);
    }
}

fn reached(job: &JobFacts, goal: Option<i64>) -> bool {
    match goal {
        // A watermark t closes the window that ends at t + 1.
        Some(goal) => job.watermark.is_some_and(|w| w.millis() >= goal - 1),
        None => job.caught_up,
    }
}

fn not_yet(job: &JobFacts, goal: Option<i64>, still: bool) -> String {
    let name = &job.name;
    let Some(goal) = goal else {
        return format!(
            "Job `{name}` is still reading what is in its topics. Check again in a moment."
        );
    };
    let seen = match job.watermark {
        Some(w) => format!("has reached {}", show_moment(w.millis())),
        None => "has seen no event yet".into(),
    };
    let next =
        if still { "Let the clock run on, then check again." } else { "Check again in a moment." };
    format!("This is judged when job `{name}` reaches {}; it {seen}. {next}", show_moment(goal))
}

fn any_feed_plays(judge: &Judge<'_>) -> WorldResult<bool> {
    for name in judge.lab.file.data.keys() {
        let feed = judge.world.feed(judge.desk, name)?;
        if feed.is_some_and(|feed| feed.state == FeedState::Playing) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Where the lab's stream began, for goals that are given as a length of stream time.
fn start_of(judge: &Judge<'_>) -> i64 {
    let feed = judge.lab.only_feed().and_then(|name| judge.world.feed(judge.desk, name).ok()?);
    feed.map_or(0, |feed| feed.start.millis())
}

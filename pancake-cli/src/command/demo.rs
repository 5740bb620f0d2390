//! `pancake demo`: lab 02 solved, its stream running, its page open, in one command.

use std::process::ExitCode;

use clap::Args;
use pancake_lab::format::{ClockAct, ClockGoal};

use super::{Context, up};
use crate::{
    engine::{Engine, Ports},
    failure::{Failure, Outcome},
};

/// The lab that is shown.
const LAB: &str = "02-recommender";
/// Who shows it.
const ATTENDEE: &str = "me";

/// Show the whole pipeline, solved and running
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Do not open the browser
    #[arg(long)]
    no_open: bool,
    /// Get ready, say so, and end
    #[arg(long, hide = true)]
    once: bool,
}

pub(crate) fn run(ctx: &mut Context<'_>, args: &DemoArgs) -> Outcome {
    let engine = Engine::start(&ctx.config, &ctx.global, Ports::free())?;
    let waiting =
        ctx.out.waiting("playing lab 02 to its end: ratings, training, serving, online updates");
    let workshop = engine.workshop();
    let solved = workshop.solve(ATTENDEE, LAB, None);
    waiting.finish_and_clear();
    solved.map_err(|e| Failure::bug(format!("the demo could not be played: {e}")))?;
    let feeds = workshop.show(ATTENDEE, LAB).map(|lab| lab.feeds).unwrap_or_default();
    for feed in feeds {
        let play = ClockAct { feed: Some(feed.name), goal: ClockGoal::Play };
        if let Err(error) = workshop.clock(ATTENDEE, LAB, &play) {
            ctx.out.talk(format!("a stream does not play: {error}"));
        }
    }
    up::announce(ctx, &engine, !args.no_open);
    ctx.out.talk("ask it: `pancake model list`, `pancake model predict tastes --user you`");
    if !args.once {
        engine.wait_for_stop()?;
    }
    engine.stop()?;
    Ok(ExitCode::SUCCESS)
}

//! `pancake down`: stops the running workshop and waits until it is gone.

use std::{process::ExitCode, thread, time::Duration};

use serde_json::{Value, json};

use super::Context;
use crate::{
    client::{Api, Running},
    failure::{Failure, Outcome},
};

/// How long a clean stop may take.
const STOP_WAIT_MAX: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(50);

pub(crate) fn run(ctx: &mut Context<'_>) -> Outcome {
    let home = &ctx.config.home;
    let Some(running) = Running::find(home) else {
        ctx.out.talk(format!("nothing runs on {}", home.display()));
        return Ok(ExitCode::SUCCESS);
    };
    let _accepted: Value = Api::of(&running).post("/api/v1/shutdown", &json!({}))?;
    let waiting = ctx.out.waiting("stopping: last checkpoints, last writes");
    for _ in 0..STOP_WAIT_MAX.as_millis() / LOOK_EVERY.as_millis() {
        if !Running::path(home).exists() {
            waiting.finish_and_clear();
            ctx.out.talk(format!("stopped (pid {})", running.pid));
            return Ok(ExitCode::SUCCESS);
        }
        thread::sleep(LOOK_EVERY);
    }
    Err(Failure::environment(
        "stop_slow",
        format!("pid {} has not stopped within {} s", running.pid, STOP_WAIT_MAX.as_secs()),
    )
    .hint(format!(
        "look at its log; `kill -9 {}` is safe: nothing acknowledged is lost",
        running.pid
    )))
}

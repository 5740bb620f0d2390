//! `pancake status`: what runs on the home.

use std::process::ExitCode;

use pancake_node::api::NodeView;

use super::Context;
use crate::{
    client::{Api, Running},
    failure::{Failure, Outcome},
    output::{bytes, thousands},
};

pub(crate) fn run(ctx: &mut Context<'_>) -> Outcome {
    let Some(running) = Running::find(&ctx.config.home) else {
        return Err(Failure::user(
            "not_running",
            format!("no workshop runs on {}", ctx.config.home.display()),
        )
        .hint("start it: `pancake up`"));
    };
    let view: NodeView = Api::of(&running).get("/api/v1/status")?;
    ctx.out.value(&view, |out, view| {
        out.table(
            &["what", "is"],
            vec![
                vec!["pages".into(), running.url.clone()],
                vec!["log (Kafka)".into(), view.kafka.clone()],
                vec!["home".into(), view.home.clone()],
                vec!["pid".into(), view.pid.to_string()],
                vec!["version".into(), view.version.clone()],
                vec!["ready after".into(), format!("{} ms", view.ready_ms)],
                vec!["topics".into(), thousands(view.topics as u64)],
                vec!["log size".into(), bytes(view.log_bytes)],
                vec!["jobs running".into(), thousands(view.jobs_running as u64)],
                vec!["models".into(), thousands(view.models as u64)],
            ],
        );
    });
    Ok(ExitCode::SUCCESS)
}

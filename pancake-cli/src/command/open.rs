//! `pancake open`: a fresh sign-in link of the running workshop, in the browser.

use std::process::{Command, ExitCode, Stdio};

use clap::Args;
use serde::Deserialize;
use serde_json::json;

use super::Context;
use crate::{
    client::{Api, Running},
    failure::{Failure, Outcome},
};

/// Open the running workshop in the browser
#[derive(Args, Debug)]
pub(crate) struct OpenArgs {
    /// Only print the link; it works once
    #[arg(long)]
    print: bool,
}

#[derive(Debug, Deserialize, serde::Serialize)]
struct Link {
    url: String,
}

pub(crate) fn run(ctx: &mut Context<'_>, args: &OpenArgs) -> Outcome {
    let Some(running) = Running::find(&ctx.config.home) else {
        return Err(
            Failure::user("not_running", "no workshop runs").hint("start it: `pancake up --open`")
        );
    };
    let link: Link = Api::of(&running).post("/api/v1/open", &json!({}))?;
    let opened = !args.print && !ctx.out.json() && browse(&link.url);
    if !opened {
        ctx.out.value(&link, |out, link| out.line(&link.url));
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks the desktop to show an address; says whether there was one to ask.
pub(crate) fn browse(url: &str) -> bool {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    Command::new(opener)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .is_ok()
}

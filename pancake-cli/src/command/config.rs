//! `pancake config`: the settings in force, and where each comes from.

use std::process::ExitCode;

use clap::Subcommand;

use super::Context;
use crate::{config, failure::Outcome};

#[derive(Subcommand, Debug)]
pub(crate) enum ConfigCommand {
    /// Print every setting in force, with its origin
    Show {
        /// Print the defaults with their explanations instead
        #[arg(long)]
        defaults: bool,
    },
}

pub(crate) fn run(ctx: &mut Context<'_>, command: &ConfigCommand) -> Outcome {
    let ConfigCommand::Show { defaults } = command;
    if *defaults {
        ctx.out.raw(config::DEFAULTS.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let values = serde_json::to_value(&ctx.config.settings)?;
    let home = ctx.config.home.display().to_string();
    let mut rows = vec![vec!["home".to_owned(), home, String::new()]];
    for (name, origin) in &ctx.config.origins {
        let pointer = format!("/{}", name.replace('.', "/"));
        let value = values.pointer(&pointer).map(ToString::to_string).unwrap_or_default();
        let origin = serde_json::to_value(origin)?;
        rows.push(vec![name.clone(), value, origin.as_str().unwrap_or_default().to_owned()]);
    }
    ctx.out.value(&values, |out, _| out.table(&["setting", "value", "from"], rows));
    Ok(ExitCode::SUCCESS)
}

//! `pancake completions`: what a shell needs to complete our words.

use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::{cli::Cli, failure::Outcome, output::Output};

pub(crate) fn run(shell: clap_complete::Shell, out: &mut Output) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "pancake", &mut script);
    out.raw(&script)?;
    Ok(ExitCode::SUCCESS)
}

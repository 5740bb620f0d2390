//! The command `pancake`: one binary, one screen of flow.
//!
//! * stdout is data, stderr is talk; only [`output`] prints.
//! * Exit codes: 0 ok, 1 a check failed, 2 the user's mistake, 3 the machine's state, 70 our bug.
//! * The environment is read here and in [`config`], nowhere below.
//!
//! Start reading at [`cli::Cli`], then any file of [`command`].

mod cli;
mod client;
mod command;
mod config;
mod engine;
mod failure;
mod kafka;
mod labs;
mod output;
mod ports;
mod time;
mod world;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    output::install_reports();
    let cli = cli::Cli::parse();
    let mut out = output::Output::new(cli.global.json, cli.global.quiet);
    match command::run(cli, &mut out) {
        Ok(code) => code,
        Err(failure) => out.fail(&failure),
    }
}

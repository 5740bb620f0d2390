//! The commands: one file each, the same shape each: arguments, one screen of flow, an exit code.

pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod dataset;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod down;
pub(crate) mod group;
pub(crate) mod job;
pub(crate) mod lab;
pub(crate) mod model;
pub(crate) mod open;
pub(crate) mod sql;
pub(crate) mod status;
pub(crate) mod topic;
pub(crate) mod up;

use std::process::ExitCode;

use crate::{
    cli::{Cli, Command, Global},
    client::Api,
    config::Config,
    failure::Outcome,
    output::Output,
};

/// What every command gets: its settings, its voice, and a way to the workshop.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) global: Global,
    pub(crate) config: Config,
    pub(crate) out: &'a mut Output,
}

impl Context<'_> {
    /// The API of the running workshop, or of one that lives as long as the answer.
    pub(crate) fn api(&mut self) -> Outcome<Api> {
        Api::connect(&self.config, &self.global)
    }
}

/// Runs a command line.
pub(crate) fn run(cli: Cli, out: &mut Output) -> Outcome {
    if let Command::Completions { shell } = cli.command {
        return completions::run(shell, out);
    }
    let config = Config::load(cli.global.home.clone())?;
    let mut ctx = Context { global: cli.global, config, out };
    let ctx = &mut ctx;
    match cli.command {
        Command::Up(args) => up::run(ctx, &args),
        Command::Down => down::run(ctx),
        Command::Status => status::run(ctx),
        Command::Open(args) => open::run(ctx, &args),
        Command::Doctor(args) => doctor::run(ctx, &args),
        Command::Demo(args) => demo::run(ctx, &args),
        Command::Lab(command) => lab::run(ctx, command),
        Command::Topic(command) => topic::run(ctx, command),
        Command::Group(command) => group::run(ctx, command),
        Command::Sql(args) => sql::run(ctx, &args),
        Command::Job(command) => job::run(ctx, command),
        Command::Model(command) => model::run(ctx, command),
        Command::Dataset(command) => dataset::run(ctx, command),
        Command::Config(command) => config::run(ctx, &command),
        Command::Completions { .. } => Ok(ExitCode::SUCCESS),
    }
}

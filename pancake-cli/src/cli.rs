//! The command line: every command, in the order in which a newcomer needs them.
//!
//! * Doc comments here are the help texts; each says what the command does and, where it helps, an example.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::command;

/// A streaming and machine-learning workshop in one binary
///
/// `pancake up --open` starts everything and shows it in the browser; `pancake lab start 01` begins the first lab.
/// Commands talk to the running workshop, or start one for their own duration.
#[derive(Parser, Debug)]
#[command(name = "pancake", version, max_term_width = 100)]
#[command(
    after_help = "Start here:\n  pancake up --open        the workshop, in the browser\n  pancake lab start 01     the first lab, in this terminal\n  pancake demo             the finished pipeline, running"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Directory that holds everything: log, jobs, models, progress
    #[arg(long, global = true, env = "PANCAKE_HOME", value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// Print JSON on stdout instead of tables
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print no talk on stderr, only errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Log more on stderr: -v what changes, -vv every request
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Directory with labs that replaces the built-in ones
    #[arg(id = "labs_dir", long = "labs", global = true, env = "PANCAKE_LABS", value_name = "DIR")]
    pub(crate) labs: Option<PathBuf>,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Start the workshop: log, engine, serving and pages in one process
    Up(command::up::UpArgs),
    /// Stop the running workshop
    Down,
    /// Show what is running
    Status,
    /// Open the running workshop in the browser, with a fresh sign-in link
    Open(command::open::OpenArgs),
    /// Check ports, disk, memory, Docker and clock, each with the fix
    Doctor(command::doctor::DoctorArgs),
    /// Show the whole pipeline of lab 02, solved and running
    Demo(command::demo::DemoArgs),
    /// List, start, check and write labs
    #[command(subcommand)]
    Lab(command::lab::LabCommand),
    /// Work with topics: of the workshop, or of any Kafka with --brokers
    #[command(subcommand)]
    Topic(command::topic::TopicCommand),
    /// Work with consumer groups: of the workshop, or of any Kafka with --brokers
    #[command(subcommand)]
    Group(command::group::GroupCommand),
    /// Run SQL in Flink's dialect
    Sql(command::sql::SqlArgs),
    /// Submit, list, show and stop streaming jobs
    #[command(subcommand)]
    Job(command::job::JobCommand),
    /// Train, deploy and ask models
    #[command(subcommand)]
    Model(command::model::ModelCommand),
    /// List, generate, pull and verify data sets
    #[command(subcommand)]
    Dataset(command::dataset::DatasetCommand),
    /// Show the settings and where each comes from
    #[command(subcommand)]
    Config(command::config::ConfigCommand),
    /// Print completions for a shell
    ///
    /// For bash: `pancake completions bash > ~/.local/share/bash-completion/completions/pancake`
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_folder_of_labs_and_names_of_labs_do_not_mix() {
        let cli = Cli::try_parse_from(["pancake", "--labs", "dir", "lab", "lint", "01"]).unwrap();
        assert_eq!(cli.global.labs, Some(PathBuf::from("dir")));
    }
}

//! `pancake lab`: take a lab in the terminal, or write one.
//!
//! * What a learner does goes through the API of the running workshop, as in the browser.
//! * What an author does needs none: it loads folders and plays them in fresh homes.

mod author;
mod show;
mod test;
mod work;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::Context;
use crate::failure::Outcome;

#[derive(Subcommand, Debug)]
pub(crate) enum LabCommand {
    /// List labs and how far you are
    List,
    /// Show a lab's current page, or the page of a step
    Show {
        /// Lab: `01`, `first-pancake` or `01-first-pancake`
        lab: String,
        /// Step; the next one to do if absent
        #[arg(long)]
        step: Option<String>,
    },
    /// Open a lab: its data is made ready, and its first page is shown
    Start {
        /// Lab
        lab: String,
        /// Which data, where the lab offers a choice
        #[arg(long, value_name = "generated|real")]
        data: Option<String>,
    },
    /// Run a cell of a lab, as it is or with your own text
    Run {
        /// Lab
        lab: String,
        /// Cell, as named on the page
        cell: String,
        /// Run this text in place of the cell's
        #[arg(long, short, value_name = "TEXT", conflicts_with_all = ["file", "edit"])]
        text: Option<String>,
        /// Run the text of this file; `-` is standard input
        #[arg(long, short, value_name = "FILE", conflicts_with = "edit")]
        file: Option<std::path::PathBuf>,
        /// Edit the cell's text in $EDITOR first
        #[arg(long, short)]
        edit: bool,
    },
    /// Answer a quiz
    Answer {
        /// Lab
        lab: String,
        /// Quiz, as named on the page
        quiz: String,
        /// Your choice
        value: String,
    },
    /// Move the clock of a lab's stream
    ///
    /// `pancake lab clock 01 --to end` lets everything come that is to come.
    Clock(work::ClockArgs),
    /// Check your work
    Check(work::CheckArgs),
    /// Open the next hint for a check
    Hint {
        /// Lab
        lab: String,
        /// Check; the first that has not passed if absent
        check: Option<String>,
    },
    /// Let the solution be played, up to a step or to the end
    Solve {
        /// Lab
        lab: String,
        /// Up to and with this step
        #[arg(long)]
        step: Option<String>,
    },
    /// Put a lab, or one step of it, back to its start
    Reset {
        /// Lab
        lab: String,
        /// Only this step and those after it
        #[arg(long)]
        step: Option<String>,
    },
    /// Go to a step: everything before it is solved, nothing after it begun
    Jump {
        /// Lab
        lab: String,
        /// Step
        step: String,
    },
    /// Make the folder of a new lab, ready to be changed
    New {
        /// Folder's name, such as `10-my-lab`
        id: String,
    },
    /// Show a lab that is being written, and follow its changes
    Serve(author::ServeArgs),
    /// Find what is wrong with labs
    Lint(LabsArgs),
    /// Play labs in fresh homes: untouched fails, the solution passes, wrong answers say why
    Test(test::TestArgs),
    /// Say which rows of the curriculum the labs cover
    Coverage,
}

/// Name labs
#[derive(Args, Debug)]
pub(crate) struct LabsArgs {
    /// Labs; all if absent
    labs: Vec<String>,
}

pub(crate) fn run(ctx: &mut Context<'_>, command: LabCommand) -> Outcome {
    match command {
        LabCommand::List => work::list(ctx),
        LabCommand::Show { lab, step } => work::show(ctx, &lab, step.as_deref()),
        LabCommand::Start { lab, data } => work::start(ctx, &lab, data.as_deref()),
        LabCommand::Run { lab, cell, text, file, edit } => {
            work::run_cell(ctx, (&lab, &cell), text, file.as_deref(), edit)
        }
        LabCommand::Answer { lab, quiz, value } => work::answer(ctx, &lab, &quiz, &value),
        LabCommand::Clock(args) => work::clock(ctx, &args),
        LabCommand::Check(args) => work::check(ctx, &args),
        LabCommand::Hint { lab, check } => work::hint(ctx, &lab, check),
        LabCommand::Solve { lab, step } => work::solve(ctx, &lab, step.as_deref()),
        LabCommand::Reset { lab, step } => work::reset(ctx, &lab, step.as_deref()),
        LabCommand::Jump { lab, step } => work::jump(ctx, &lab, &step),
        LabCommand::New { id } => author::new(ctx, &id),
        LabCommand::Serve(args) => author::serve(ctx, &args),
        LabCommand::Lint(args) => author::lint(ctx, &args.labs),
        LabCommand::Test(args) => test::run(ctx, &args),
        LabCommand::Coverage => author::coverage(ctx),
    }
}

/// The exit code of something that may have failed a check.
fn verdict(passed: bool) -> ExitCode {
    if passed { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// Whether a lab's id is meant by one of the names, as in the workshop: whole, number or name.
fn is_meant(id: &str, names: &[String]) -> bool {
    let (number, slug) = id.split_once('-').unwrap_or((id, id));
    let meant = |name: &String| {
        name == id || name == slug || name.trim_start_matches('0') == number.trim_start_matches('0')
    };
    names.is_empty() || names.iter().any(meant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lab_has_three_names() {
        for name in ["02-recommender", "02", "2", "recommender"] {
            assert!(is_meant("02-recommender", &[name.to_owned()]), "{name}");
        }
        assert!(!is_meant("02-recommender", &["01".to_owned()]));
        assert!(is_meant("02-recommender", &[]));
    }
}

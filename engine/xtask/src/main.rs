//! `cargo x`: the project's chores in one tool.
//!
//! * Every rule that matters is run by a machine: what lints cannot hold, `tidy` does.
//! * `ci` is exactly what the README's test command runs; nothing is checked anywhere else.
//!
//! Start reading at [`Chore`].
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a tool for the terminal")]

mod bench;
mod ci;
mod shell;
mod tidy;

use clap::{Parser, Subcommand};

/// The project's chores
#[derive(Parser, Debug)]
#[command(name = "cargo x", bin_name = "cargo x")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand, Debug)]
enum Chore {
    /// Run everything that must be green: format, lints, tidy, tests, labs, web
    Ci(ci::CiArgs),
    /// Check what lints cannot: headers, crate arrows, file sizes, words
    Tidy,
    /// Measure, beside a named peer where there is one, and print medians and ratios
    Bench(bench::BenchArgs),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().chore {
        Chore::Ci(args) => ci::run(&args),
        Chore::Tidy => tidy::run(),
        Chore::Bench(args) => bench::run(&args),
    }
}

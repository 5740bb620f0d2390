//! Benches: medians and CPU-seconds, and a ratio where a named peer runs beside ours.
//!
//! * Each bench is a file; it starts the release build as a user would and measures from outside.
//! * Machines are shared and noisy: CPU-seconds count more than wall time, medians more than single runs.

mod als;
mod engine;
mod kafka;
mod meter;
mod serving;
mod start;

use anyhow::bail;

use crate::shell;

#[derive(clap::Args, Debug)]
pub(crate) struct BenchArgs {
    /// `start`, `kafka`, `engine`, `als` or `serving`; all if absent
    name: Option<String>,
    /// Measure this build instead of making one (`target/release/pancake`)
    #[arg(long, value_name = "FILE")]
    binary: Option<std::path::PathBuf>,
}

/// A bench and what it is called.
type Bench = (&'static str, fn(&std::path::Path) -> anyhow::Result<()>);

const BENCHES: &[Bench] = &[
    ("start", start::run),
    ("kafka", kafka::run),
    ("engine", engine::run),
    ("als", als::run),
    ("serving", serving::run),
];

/// Runs the benches.
pub(crate) fn run(args: &BenchArgs) -> anyhow::Result<()> {
    let chosen: Vec<&Bench> = BENCHES
        .iter()
        .filter(|(name, _)| args.name.as_deref().is_none_or(|n| n == *name))
        .collect();
    if chosen.is_empty() {
        let names: Vec<&str> = BENCHES.iter().map(|(name, _)| *name).collect();
        bail!("no such bench; there are {}", names.join(", "));
    }
    let binary = if let Some(binary) = &args.binary {
        binary.clone()
    } else {
        shell::run("cargo", &["build", "--release", "-p", "pancake-cli"])?;
        shell::target_dir()?.join("release/pancake")
    };
    for (name, bench) in chosen {
        println!("\n── {name} ──");
        bench(&binary)?;
    }
    Ok(())
}

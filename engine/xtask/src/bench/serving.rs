//! Serving in process: p50 and p99 of a recommendation over 7,390 items and 64 factors.

use std::path::Path;

use crate::shell;

pub(super) fn run(_binary: &Path) -> anyhow::Result<()> {
    shell::run(
        "cargo",
        &["run", "--release", "-q", "-p", "pancake-serving", "--example", "latency"],
    )
}

//! Training on the real set beside Python's `implicit`, in the same run: CPU-seconds and NDCG@10 of both.

use std::{path::Path, process::Command};

use anyhow::Context as _;
use serde_json::Value;

use crate::shell;

/// The peer: same data, same settings, one BLAS thread as it asks for.
const PEER: &str = include_str!("als_peer.py");

pub(super) fn run(_binary: &Path) -> anyhow::Result<()> {
    let data = shell::root().join("../shared/data/anime");
    if !data.is_dir() {
        println!("skipped: the data set `anime` is not beside the checkout");
        return Ok(());
    }
    let data = data.display().to_string();
    let ours = shell::capture_out(
        "cargo",
        &["run", "--release", "-q", "-p", "pancake-ml", "--example", "als", "--", &data],
    )?;
    println!("pancake  {}", ours.trim());
    let peer =
        Command::new("python3").args(["-c", PEER, &data]).env("OPENBLAS_NUM_THREADS", "1").output();
    match peer {
        Ok(out) if out.status.success() => {
            let theirs = String::from_utf8_lossy(&out.stdout).trim().to_owned();
            println!("implicit {theirs}");
            let cpu = |text: &str| -> anyhow::Result<f64> {
                let last = text.lines().last().unwrap_or_default();
                let value: Value = serde_json::from_str(last)?;
                value.get("train_cpu_s").and_then(Value::as_f64).context("no train_cpu_s")
            };
            if let (Ok(a), Ok(b)) = (cpu(ours.trim()), cpu(&theirs)) {
                println!("ratio of CPU-seconds {:.2}", a / b);
            }
        }
        _ => println!("implicit skipped: `pip install implicit` to compare"),
    }
    Ok(())
}

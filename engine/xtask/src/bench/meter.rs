//! What is measured from outside: CPU-seconds, resident memory, medians.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail};
use serde_json::Value;

/// Clock ticks per second of `/proc`, which Linux fixes at 100.
const TICKS_PER_S: f64 = 100.0;

/// A running workshop on a home of its own.
pub(super) struct Workshop {
    child: Child,
    _home: Home,
    pub(super) kafka: String,
    pub(super) ready_ms: u64,
}

/// A temporary home, removed when dropped.
pub(super) struct Home(std::path::PathBuf);

impl Home {
    pub(super) fn new(name: &str) -> anyhow::Result<Self> {
        let dir = std::env::temp_dir().join(format!("pancake-bench-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir)?;
        Ok(Self(dir))
    }

    pub(super) fn dir(&self) -> &Path {
        &self.0
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // What cannot be removed lies in the system's temporary directory anyway.
        drop(fs::remove_dir_all(&self.0));
    }
}

impl Workshop {
    /// Starts one and waits until it says that it is ready.
    pub(super) fn start(binary: &Path, name: &str) -> anyhow::Result<Self> {
        let home = Home::new(name)?;
        let mut child = Command::new(binary)
            .args(["--home".as_ref(), home.dir().as_os_str()])
            .args(["--json", "up", "--any-port"])
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let mut line = String::new();
        let out = child.stdout.take().context("no output")?;
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line)?;
        let said: Value = serde_json::from_str(&line)?;
        let kafka = said.get("kafka").and_then(Value::as_str).unwrap_or_default().to_owned();
        let ready_ms = said.get("ready_ms").and_then(Value::as_u64).unwrap_or_default();
        Ok(Self { child, _home: home, kafka, ready_ms })
    }

    /// CPU-seconds that it has used.
    pub(super) fn cpu_s(&self) -> anyhow::Result<f64> {
        cpu_fields(&format!("/proc/{}/stat", self.child.id()), [13, 14])
    }

    /// Resident memory in MB.
    pub(super) fn rss_mb(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).context("no VmRSS")?;
        let kb: f64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
        Ok(kb / 1000.0)
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // A home that is thrown away needs no clean stop.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn cpu_fields(path: &str, fields: [usize; 2]) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(path)?;
    // The name in brackets may hold spaces; the fields after it do not.
    let (_, rest) = stat.rsplit_once(')').context("no name in stat")?;
    let all: Vec<&str> = rest.split_whitespace().collect();
    let mut ticks = 0.0;
    for field in fields {
        ticks += all.get(field - 2).context("stat is short")?.parse::<f64>()?;
    }
    Ok(ticks / TICKS_PER_S)
}

/// Runs a program to its end; gives CPU-seconds and wall time.
pub(super) fn timed(command: &mut Command) -> anyhow::Result<(f64, Duration)> {
    let children = || cpu_fields("/proc/self/stat", [15, 16]);
    let before = children()?;
    let (status, wall) = crate::ci::timed(|| command.status());
    if !status?.success() {
        bail!("{command:?} failed");
    }
    Ok((children()? - before, wall))
}

/// The middle one of some figures.
pub(super) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

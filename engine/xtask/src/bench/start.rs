//! Time to ready, memory at rest, size of the program.

use std::{fs, path::Path};

use super::meter::{Workshop, median};

const RUNS: usize = 5;

pub(super) fn run(binary: &Path) -> anyhow::Result<()> {
    let mut ready = Vec::new();
    let mut rss = Vec::new();
    for i in 0..RUNS {
        let workshop = Workshop::start(binary, &format!("start-{i}"))?;
        ready.push(workshop.ready_ms as f64);
        rss.push(workshop.rss_mb()?);
    }
    println!("ready              {:>10.0} ms  (median of {RUNS})", median(ready));
    println!("resident at rest   {:>10.1} MB", median(rss));
    println!(
        "binary             {:>10.1} MB  {}",
        fs::metadata(binary)?.len() as f64 / 1e6,
        binary.display()
    );
    Ok(())
}

//! Produce and consume with librdkafka (kcat), one partition, 100 B and 1 KB.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use super::meter::{Home, Workshop, timed};

/// Record size in bytes, and how many.
const LOADS: [(usize, usize); 2] = [(100, 1_000_000), (1_000, 200_000)];

pub(super) fn run(binary: &Path) -> anyhow::Result<()> {
    if Command::new("kcat").arg("-V").output().is_err() {
        println!("skipped: kcat is not installed");
        return Ok(());
    }
    let workshop = Workshop::start(binary, "kafka")?;
    let scratch = Home::new("kafka-lines")?;
    println!("{:>8} {:>9} {:>14} {:>18}", "record", "what", "records/s", "broker CPU s/GB");
    for (size, count) in LOADS {
        let lines = scratch.dir().join(format!("{size}.txt"));
        let mut file = BufWriter::new(File::create(&lines)?);
        for i in 0..count {
            writeln!(file, "{i:0>size$}")?;
        }
        file.flush()?;
        let topic = format!("load-{size}");
        let gigabytes = (size * count) as f64 / 1e9;
        let mut produce = Command::new("kcat");
        produce
            .args(["-b", &workshop.kafka, "-P", "-t", &topic, "-X", "linger.ms=5", "-l"])
            .arg(&lines);
        let mut consume = Command::new("kcat");
        consume.args(["-b", &workshop.kafka, "-C", "-t", &topic, "-e", "-q", "-o", "beginning"]);
        consume.stdout(Stdio::null());
        for (what, command) in [("produce", &mut produce), ("consume", &mut consume)] {
            let before = workshop.cpu_s()?;
            let (_, wall) = timed(command)?;
            let cpu = workshop.cpu_s()? - before;
            let rate = count as f64 / wall.as_secs_f64();
            println!("{size:>6} B {what:>9} {rate:>14.0} {:>18.2}", cpu / gigabytes);
        }
    }
    println!("resident after it  {:>10.1} MB", workshop.rss_mb()?);
    Ok(())
}

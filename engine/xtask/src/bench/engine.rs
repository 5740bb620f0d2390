//! Events per CPU-second of the whole process: filter and project, and a TUMBLE count, from one NDJSON file.

use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::Path,
    process::Command,
};

use super::meter::{Home, median, timed};

const EVENTS: u64 = 1_000_000;
const RUNS: usize = 3;

pub(super) fn run(binary: &Path) -> anyhow::Result<()> {
    let scratch = Home::new("engine")?;
    let file = scratch.dir().join("bids.json");
    write_bids(&file)?;
    let table = format!(
        "CREATE TABLE bids (auction BIGINT, bidder BIGINT, price BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '4' SECOND)
           WITH ('connector' = 'filesystem', 'path' = '{}', 'format' = 'json');",
        file.display()
    );
    let queries = [
        ("filter/project", "CREATE TABLE o (auction BIGINT, price BIGINT) WITH ('connector' = 'blackhole');
            INSERT INTO o SELECT auction, price * 2 FROM bids WHERE price > 500;"),
        ("tumble count", "CREATE TABLE o (s TIMESTAMP(3), auction BIGINT, n BIGINT) WITH ('connector' = 'blackhole');
            INSERT INTO o SELECT window_start, auction, COUNT(*) FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '10' SECOND))
            GROUP BY window_start, window_end, auction;"),
    ];
    for (name, query) in queries {
        let sql = scratch.dir().join("query.sql");
        let mut cpu = Vec::new();
        for i in 0..RUNS {
            fs::write(
                &sql,
                format!("SET 'execution.runtime-mode' = 'streaming';\n{table}\n{query}"),
            )?;
            let home = scratch.dir().join(format!("home-{}-{i}", name.replace('/', "-")));
            let mut command = Command::new(binary);
            command.args(["--quiet", "--home"]).arg(&home).args(["sql", "--wait", "-f"]).arg(&sql);
            cpu.push(timed(&mut command)?.0);
        }
        let cpu = median(cpu);
        println!(
            "{name:<16} {:>12.0} events per CPU-second ({cpu:.2} CPU s for {EVENTS}, start included)",
            EVENTS as f64 / cpu
        );
    }
    Ok(())
}

fn write_bids(path: &Path) -> anyhow::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for n in 0..EVENTS {
        let (s, ms) = (n / 1_000, n % 1_000);
        writeln!(
            file,
            r#"{{"auction":{},"bidder":{},"price":{},"ts":"2026-05-01 {:02}:{:02}:{:02}.{ms:03}"}}"#,
            n * 7919 % 1_000,
            n * 104_729 % 10_007,
            n * 31 % 1_000,
            s / 3600,
            s / 60 % 60,
            s % 60
        )?;
    }
    Ok(file.flush()?)
}

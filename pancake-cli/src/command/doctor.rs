//! `pancake doctor`: what this machine has and lacks for a workshop, each with the fix.

use std::{path::Path, process::ExitCode};

use clap::Args;
use serde::Serialize;

use super::Context;
use crate::{
    client::Running,
    failure::Outcome,
    output::{Tone, bytes, paint},
    ports,
};

/// A workshop day fills about this much.
const DISK_BYTES_WANTED: u64 = 2 << 30;
const RAM_BYTES_WANTED: u64 = 2 << 30;

/// Check ports, disk, memory, Docker and clock
#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {}

/// What was found of one thing.
#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    /// `ok`, `warn` (a part of the workshop will not work) or `fail` (the workshop cannot start).
    verdict: &'static str,
    found: String,
    fix: Option<String>,
}

impl Finding {
    fn ok(what: &'static str, found: String) -> Self {
        Self { what, verdict: "ok", found, fix: None }
    }

    fn warn(what: &'static str, found: String, fix: &str) -> Self {
        Self { what, verdict: "warn", found, fix: Some(fix.to_owned()) }
    }

    fn fail(what: &'static str, found: String, fix: &str) -> Self {
        Self { what, verdict: "fail", found, fix: Some(fix.to_owned()) }
    }
}

#[allow(clippy::unnecessary_wraps, reason = "every command has the same shape")]
pub(crate) fn run(ctx: &mut Context<'_>, _args: &DoctorArgs) -> Outcome {
    let settings = &ctx.config.settings;
    let running = Running::find(&ctx.config.home);
    let findings = vec![
        port("port for the pages", settings.web.port, "--port N", running.as_ref()),
        port("port for Kafka", settings.log.port, "--kafka-port N", running.as_ref()),
        home(&ctx.config.home),
        disk(&ctx.config.home),
        memory(),
        docker(),
        clock(),
    ];
    let bad = findings.iter().any(|f| f.verdict == "fail");
    ctx.out.value(&findings, |out, findings| {
        for f in findings {
            let word = match f.verdict {
                "ok" => paint(Tone::Faint, "ok  "),
                "warn" => paint(Tone::Warn, "warn"),
                _ => paint(Tone::Fail, "fail"),
            };
            out.line(format!("{word}  {:20} {}", f.what, f.found));
            if let Some(fix) = &f.fix {
                out.line(format!("      {:20} {} {fix}", "", paint(Tone::Strong, "fix:")));
            }
        }
    });
    Ok(if bad { ExitCode::from(3) } else { ExitCode::SUCCESS })
}

fn port(what: &'static str, number: u16, flag: &str, running: Option<&Running>) -> Finding {
    let ours = running.is_some_and(|r| {
        r.kafka.ends_with(&format!(":{number}")) || r.url.ends_with(&format!(":{number}"))
    });
    if ours {
        return Finding::ok(what, format!("{number}, used by the running workshop"));
    }
    match ports::bind(ports::Port::Fixed(number), what, flag) {
        Ok(_) => Finding::ok(what, format!("{number} is free")),
        Err(error) => Finding::fail(
            what,
            error.message,
            &format!("stop that program, or: `pancake up {flag}`, or `pancake up --any-port`"),
        ),
    }
}

fn home(dir: &Path) -> Finding {
    let nearest = dir.ancestors().find(|d| d.exists()).unwrap_or(dir);
    let writable = rustix::fs::access(nearest, rustix::fs::Access::WRITE_OK).is_ok();
    let found = dir.display().to_string();
    if writable && nearest.is_dir() {
        Finding::ok("home", found)
    } else {
        Finding::fail(
            "home",
            format!("{found} cannot be written"),
            "take another: `pancake --home DIR …`",
        )
    }
}

fn disk(dir: &Path) -> Finding {
    let nearest = dir.ancestors().find(|d| d.exists()).unwrap_or(dir);
    let Ok(stat) = rustix::fs::statvfs(nearest) else {
        return Finding::warn("disk", "free space is unknown".to_owned(), "look with `df -h`");
    };
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let found = format!("{} free", bytes(free));
    if free >= DISK_BYTES_WANTED {
        Finding::ok("disk", found)
    } else {
        Finding::warn("disk", found, "free 2 GB, or take another disk: `pancake --home DIR …`")
    }
}

fn memory() -> Finding {
    let Some(available) = available_memory() else {
        return Finding::warn("memory", "free memory is unknown".to_owned(), "2 GB should be free");
    };
    let found = format!("{} available", bytes(available));
    if available >= RAM_BYTES_WANTED {
        Finding::ok("memory", found)
    } else {
        Finding::warn("memory", found, "close a browser window or two: 2 GB should be free")
    }
}

fn available_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|l| l.starts_with("MemAvailable:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kb| kb << 10)
}

fn docker() -> Finding {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let answer = runtime.map(|r| r.block_on(pancake_stack::probe()));
    match answer {
        Ok(Ok(engine)) => {
            Finding::ok("Docker", format!("engine {}, API {}", engine.version, engine.api))
        }
        Ok(Err(error)) => Finding::warn(
            "Docker",
            format!("{error}; companion services will not start, all labs' core parts will"),
            "install and start Docker, or leave it: nothing in the core needs it",
        ),
        Err(error) => Finding::warn("Docker", error.to_string(), "start `pancake doctor` again"),
    }
}

/// Event times come from the clock; one that stands before this program was made is wrong.
fn clock() -> Finding {
    const BUILT_AFTER_MS: i64 = 1_767_225_600_000; // 2026-01-01
    let now = pancake_types::Clock::now(&pancake_types::SystemClock::new());
    if now.millis() > BUILT_AFTER_MS {
        Finding::ok("clock", "plausible".to_owned())
    } else {
        Finding::fail(
            "clock",
            "stands before this program was made".to_owned(),
            "set it: `timedatectl set-ntp true`",
        )
    }
}

//! Everything that must be green, in the order in which it fails fastest.
//!
//! * One profile and one set of features: what the tests compiled, the program's own build does not compile again.
//! * A step that cannot run here says why; with `--require` that is a failure.

use std::{path::Path, time::Duration};

use anyhow::bail;

use crate::{shell, tidy};

#[derive(clap::Args, Debug)]
pub(crate) struct CiArgs {
    /// Run only the steps whose name contains this
    #[arg(long)]
    only: Option<String>,
    /// Fail where a step would skip because a tool is missing
    #[arg(long)]
    require: bool,
}

/// A named step.
struct Step {
    name: &'static str,
    run: fn(&CiArgs) -> anyhow::Result<()>,
}

const STEPS: &[Step] = &[
    Step { name: "format", run: |_| shell::run("cargo", &["fmt", "--all", "--check"]) },
    Step { name: "tidy", run: |_| tidy::run() },
    Step {
        name: "build",
        run: |_| shell::run("cargo", &["build", "--workspace", "--all-targets"]),
    },
    Step { name: "test", run: |_| shell::run("cargo", &["test", "--workspace"]) },
    Step { name: "same-build", run: |_| same_build() },
    Step { name: "labs", run: |_| labs() },
    Step { name: "web", run: web },
    Step {
        name: "clippy",
        run: |_| {
            shell::run("cargo", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
        },
    },
];

/// Runs the steps and prints how long each took.
pub(crate) fn run(args: &CiArgs) -> anyhow::Result<()> {
    let mut times = Vec::new();
    for step in STEPS {
        if args.only.as_ref().is_some_and(|only| !step.name.contains(only.as_str())) {
            continue;
        }
        eprintln!("\n── {} ──", step.name);
        let (result, took) = timed(|| (step.run)(args));
        times.push((step.name, took));
        if let Err(error) = result {
            bail!("step `{}` failed: {error:#}", step.name);
        }
    }
    for (name, took) in &times {
        eprintln!("{name:>12} {:6.1} s", took.as_secs_f64());
    }
    println!("{} passed, 0 failed", times.len());
    Ok(())
}

#[allow(clippy::disallowed_methods, reason = "a stopwatch for a person's eyes")]
pub(crate) fn timed<T>(f: impl FnOnce() -> T) -> (T, Duration) {
    let start = std::time::Instant::now();
    let result = f();
    (result, start.elapsed())
}

/// The README's first command must not compile what the tests have compiled.
fn same_build() -> anyhow::Result<()> {
    let said = shell::capture("cargo", &["build", "-p", "pancake-cli"])?;
    let foreign: Vec<&str> = said
        .lines()
        .filter(|l| l.trim_start().starts_with("Compiling") && !l.contains("pancake"))
        .collect();
    if !foreign.is_empty() {
        bail!(
            "`cargo build -p pancake-cli` compiled other crates again, so their features differ:\n{}",
            foreign.join("\n")
        );
    }
    Ok(())
}

/// Every lab: untouched fails, the solution passes, wrong answers say why.
fn labs() -> anyhow::Result<()> {
    shell::run("cargo", &["run", "-p", "pancake-cli", "--", "lab", "test"])?;
    let data = shell::root().join("../shared/data");
    if data.join("anime").is_dir() {
        let mirror = data.display().to_string();
        let args = ["run", "-p", "pancake-cli", "--", "lab", "test", "02-recommender"];
        let real = ["--data", "real", "--mirror", mirror.as_str()];
        return shell::run("cargo", &[&args[..], &real[..]].concat());
    }
    eprintln!("labs on real data skipped: no mirror of the data sets beside the checkout");
    Ok(())
}

/// Unit tests of the page's stores and protocol, on Node's own runner.
fn web(args: &CiArgs) -> anyhow::Result<()> {
    if !shell::has("node") {
        if args.require {
            bail!("node is not installed; the page cannot be built or tested");
        }
        eprintln!("web skipped: node is not installed");
        return Ok(());
    }
    let web = "pancake-cli/ui/web";
    if !shell::root().join(web).join("node_modules").is_dir() {
        shell::run("npm", &["ci", "--prefix", web, "--ignore-scripts", "--no-audit", "--no-fund"])?;
    }
    if !Path::new(&shell::root().join(web).join("package.json")).is_file() {
        bail!("{web}/package.json is missing");
    }
    shell::run("npm", &["test", "--prefix", web])?;
    shell::run("npm", &["run", "check", "--prefix", web])
}

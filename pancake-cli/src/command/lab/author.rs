//! For who writes labs: a folder to begin with, findings, what is covered, and a page that follows.

use std::{fs, path::Path, process::ExitCode, time::Duration};

use clap::Args;
use pancake_lab::{
    Diagnostic, Severity,
    author::{Coverage, lint as findings_of, scaffold},
};

use super::{Context, is_meant, verdict};
use crate::{
    command::up,
    engine::{Engine, Ports},
    failure::{Failure, Outcome},
    labs,
    output::{Tone, paint},
};

/// How often a folder is looked at for changes.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Show a lab that is being written
#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// Folder of the lab, or of labs
    #[arg(default_value = ".")]
    dir: std::path::PathBuf,
    /// Open it in the browser
    #[arg(long)]
    open: bool,
}

pub(super) fn new(ctx: &mut Context<'_>, id: &str) -> Outcome {
    let root = Path::new(id);
    if root.exists() {
        return Err(
            Failure::user("exists", format!("{id} exists already")).hint("take another name")
        );
    }
    let name = root.file_name().map_or_else(|| id.to_owned(), |n| n.to_string_lossy().into_owned());
    let files = scaffold(&name);
    for (path, text) in &files {
        let path = root.join(path);
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir)?;
        }
        fs::write(path, text)?;
    }
    let made: Vec<&String> = files.keys().collect();
    ctx.out.value(&made, |out, made| {
        out.line(format!("{} files in {id}", made.len()));
        out.talk(format!(
            "look at it: `pancake lab serve {id} --open`; test it: `pancake --labs {id} lab test`"
        ));
    });
    Ok(ExitCode::SUCCESS)
}

pub(super) fn lint(ctx: &mut Context<'_>, names: &[String]) -> Outcome {
    let mut told: Vec<(String, Diagnostic)> = Vec::new();
    for (folder, files) in labs::files(&ctx.global)? {
        if is_meant(&folder, names) {
            told.extend(
                findings_of(files.as_ref(), &folder).into_iter().map(|d| (folder.clone(), d)),
            );
        }
    }
    let clean = !told.iter().any(|(_, d)| d.is_error());
    ctx.out.value(&told, |out, told| {
        for (folder, d) in told {
            let word = match d.severity {
                Severity::Error => paint(Tone::Fail, "error"),
                Severity::Warning => paint(Tone::Warn, "warning"),
            };
            out.line(format!("{folder}/{d}  {word}"));
        }
        if told.is_empty() {
            out.line("no findings");
        }
    });
    Ok(verdict(clean))
}

pub(super) fn coverage(ctx: &mut Context<'_>) -> Outcome {
    let labs = labs::load(&ctx.global)?;
    let coverage = Coverage::of(labs.iter().map(AsRef::as_ref));
    ctx.out.value(&coverage, |out, c| {
        let rows = c.covered.iter().map(|(row, labs)| vec![row.clone(), labs.join(", ")]).collect();
        out.table(&["row", "labs"], rows);
        out.line(format!("{} rows covered, {} open", c.covered.len(), c.open.len()));
    });
    Ok(ExitCode::SUCCESS)
}

/// Serves a folder of labs and starts again, on the same home, when a file in it changes.
pub(super) fn serve(ctx: &mut Context<'_>, args: &ServeArgs) -> Outcome {
    let mut global = ctx.global.clone();
    global.labs = Some(args.dir.clone());
    let mut show = args.open;
    loop {
        let state = fingerprint(&args.dir)?;
        match Engine::start(&ctx.config, &global, Ports::free()) {
            Ok(engine) => {
                up::announce(ctx, &engine, show);
                show = false;
                let changed = || fingerprint(&args.dir).is_ok_and(|now| now != state);
                let again = engine.wait_for_stop_or(changed, LOOK_EVERY)?;
                engine.stop()?;
                if !again {
                    return Ok(ExitCode::SUCCESS);
                }
                ctx.out.talk("a file changed: loading again");
            }
            Err(failure) if failure.is_of_labs() => {
                ctx.out.fail(&failure);
                ctx.out.talk("waiting for a change");
                while fingerprint(&args.dir)? == state {
                    std::thread::sleep(LOOK_EVERY);
                }
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// Names, lengths and times of all files below a folder.
fn fingerprint(
    dir: &Path,
) -> Outcome<Vec<(std::path::PathBuf, u64, Option<std::time::SystemTime>)>> {
    let mut files = Vec::new();
    let mut todo = vec![dir.to_path_buf()];
    while let Some(dir) = todo.pop() {
        for entry in fs::read_dir(&dir)? {
            let entry = entry?;
            let meta = entry.metadata()?;
            if meta.is_dir() {
                todo.push(entry.path());
            } else {
                files.push((entry.path(), meta.len(), meta.modified().ok()));
            }
        }
    }
    files.sort();
    Ok(files)
}

//! `pancake dataset`: what there is to learn on, made here or brought here, and proof that it is the right thing.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::Subcommand;
use indicatif::ProgressBar;
use pancake_connect::{
    dataset::{self, DatasetError, FileState, Manifest, Mirror},
    generator::Generators,
};
use pancake_lab::Lab;
use serde_json::json;

use super::Context;
use crate::{
    failure::{Failure, Outcome},
    output::{Tone, bytes, paint, thousands},
};

#[derive(Subcommand, Debug)]
pub(crate) enum DatasetCommand {
    /// List data sets, and which are here
    List,
    /// Show a data set: origin, licence, tables
    Show {
        /// Name
        name: String,
    },
    /// Make a generated data set, as one JSON event per line
    Generate {
        /// Name, such as `ratings-generated`
        name: String,
        /// File to write; standard output if absent
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Another seed
        #[arg(long)]
        seed: Option<u64>,
        /// End after so many events
        #[arg(long, value_name = "N")]
        events: Option<u64>,
    },
    /// Bring a data set here; a download that stopped goes on where it was
    Pull {
        /// Name
        name: String,
        /// Folder or address that has its files, in place of its origin
        #[arg(long, value_name = "DIR|URL")]
        mirror: Option<String>,
    },
    /// Read a data set's files again and compare their checksums
    Verify {
        /// Name
        name: String,
    },
}

pub(crate) fn run(ctx: &mut Context<'_>, command: DatasetCommand) -> Outcome {
    let blobs = ctx.config.home.join("blobs");
    match command {
        DatasetCommand::List => list(ctx, &blobs),
        DatasetCommand::Show { name } => show(ctx, &blobs, &name),
        DatasetCommand::Generate { name, output, seed, events } => {
            generate(ctx, &blobs, &name, output.as_deref(), (seed, events))
        }
        DatasetCommand::Pull { name, mirror } => {
            let mirror = mirror.map_or(Mirror::Origin, |m| Mirror::parse(&m));
            let manifest = dataset::find(&name).map_err(failure)?;
            let pulled = pull(ctx, &manifest, &blobs, &mirror)?;
            let answer = json!({ "name": name, "fetched_bytes": pulled });
            ctx.out.value(&answer, |out, _| {
                out.line(format!(
                    "{name} is here: {} fetched, every checksum right",
                    bytes(pulled)
                ));
            });
            Ok(ExitCode::SUCCESS)
        }
        DatasetCommand::Verify { name } => verify(ctx, &blobs, &name),
    }
}

fn list(ctx: &mut Context<'_>, blobs: &Path) -> Outcome {
    let all = dataset::all().map_err(failure)?;
    ctx.out.value(&all, |out, all| {
        let rows = all.iter().map(|m| {
            let state = match (&m.generator, m.is_present(blobs)) {
                (Some(_), _) => "generated".to_owned(),
                (None, true) => "here".to_owned(),
                (None, false) => paint(Tone::Faint, "not here"),
            };
            vec![m.name.clone(), state, bytes(m.bytes()), m.licence.name.clone(), m.title.clone()]
        });
        out.table(&["data set", "state", "size", "licence", "what"], rows.collect());
        out.talk("bring one here: `pancake dataset pull NAME`");
    });
    Ok(ExitCode::SUCCESS)
}

fn show(ctx: &mut Context<'_>, blobs: &Path, name: &str) -> Outcome {
    let manifest = dataset::find(name).map_err(failure)?;
    ctx.out.value(&manifest, |out, m| {
        out.line(format!("{}: {}", paint(Tone::Strong, &m.name), m.title));
        out.line(m.about.trim());
        let confirm = if m.licence.confirm_on_page { " (confirm on the page)" } else { "" };
        out.line(format!("licence  {}{confirm}", m.licence.name));
        if let Some(page) = &m.page {
            out.line(format!("page     {page}"));
        }
        out.line(format!("here     {}", if m.is_present(blobs) { "yes" } else { "no" }));
        for file in &m.files {
            out.line(format!(
                "file     {} ({}), sha256 {}",
                file.name,
                bytes(file.bytes),
                file.sha256
            ));
        }
        for table in &m.tables {
            let columns: Vec<String> =
                table.columns.iter().map(|c| format!("{} {}", c.name, c.sql_type)).collect();
            out.line(format!("table    {} ({})", table.name, columns.join(", ")));
        }
    });
    Ok(ExitCode::SUCCESS)
}

fn generate(
    ctx: &mut Context<'_>,
    blobs: &Path,
    name: &str,
    output: Option<&Path>,
    (seed, limit): (Option<u64>, Option<u64>),
) -> Outcome {
    let manifest = dataset::find(name).map_err(failure)?;
    let Some(spec) = &manifest.generator else {
        return Err(Failure::user("not_generated", format!("data set `{name}` is not generated"))
            .hint(format!("bring it here: `pancake dataset pull {name}`")));
    };
    let mut params = spec.parameters.clone();
    if let Some(seed) = seed {
        params.insert("seed".to_owned(), json!(seed));
    }
    let events = Generators { blobs: blobs.to_path_buf() }
        .open(&spec.name, &params)
        .map_err(|e| Failure::user("generator", e.to_string()))?;
    let bar = ctx.out.waiting(&format!("generating {name}"));
    let sink: Box<dyn std::io::Write> = match output {
        Some(path) => Box::new(fs::File::create(path)?),
        None => Box::new(std::io::stdout().lock()),
    };
    let mut sink = std::io::BufWriter::new(sink);
    let mut written: u64 = 0;
    for event in events.take(limit.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX)) {
        sink.write_all(&event.value)?;
        sink.write_all(b"\n")?;
        written += 1;
    }
    sink.flush()?;
    bar.finish_and_clear();
    ctx.out.talk(format!("{} events of {name}", thousands(written)));
    Ok(ExitCode::SUCCESS)
}

fn verify(ctx: &mut Context<'_>, blobs: &Path, name: &str) -> Outcome {
    let manifest = dataset::find(name).map_err(failure)?;
    let states = dataset::verify(&manifest, blobs).map_err(failure)?;
    let good = states.iter().all(|(_, state)| *state == FileState::Good);
    let told: Vec<_> = states
        .iter()
        .map(|(file, state)| match state {
            FileState::Good => json!({ "file": file, "state": "good" }),
            FileState::Absent => json!({ "file": file, "state": "absent" }),
            FileState::Wrong { got } => json!({ "file": file, "state": "wrong", "got": got }),
        })
        .collect();
    ctx.out.value(&told, |out, _| {
        for (file, state) in &states {
            let word = match state {
                FileState::Good => paint(Tone::Pass, "good"),
                FileState::Absent => paint(Tone::Warn, "absent"),
                FileState::Wrong { got } => {
                    format!("{} (sha256 {got})", paint(Tone::Fail, "wrong"))
                }
            };
            out.line(format!("{file}  {word}"));
        }
        if !good {
            out.talk(format!("bring it here again: `pancake dataset pull {name}`"));
        }
    });
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Brings a data set into a folder, with a bar for each file; says how many bytes were fetched.
fn pull(ctx: &mut Context<'_>, manifest: &Manifest, blobs: &Path, mirror: &Mirror) -> Outcome<u64> {
    let mut bar: Option<(String, ProgressBar)> = None;
    let out = &ctx.out;
    let pulled = dataset::pull(manifest, blobs, mirror, &mut |p| {
        if bar.as_ref().is_none_or(|(file, _)| file != p.file) {
            if let Some((_, done)) = bar.take() {
                done.finish_and_clear();
            }
            bar = Some((p.file.to_owned(), out.byte_bar(p.total_bytes, p.file)));
        }
        if let Some((_, bar)) = &bar {
            bar.set_position(p.done_bytes);
        }
    });
    if let Some((_, bar)) = bar {
        bar.finish_and_clear();
    }
    Ok(pulled.map_err(failure)?.iter().map(|p| p.fetched_bytes).sum())
}

/// Brings the real data sets of labs into a folder of their own, for tests.
pub(crate) fn for_labs(
    ctx: &mut Context<'_>,
    labs: &[&Arc<Lab>],
    mirror: Option<&Path>,
) -> Outcome<tempfile::TempDir> {
    let dir = tempfile::tempdir()?;
    let mirror = mirror.map_or(Mirror::Origin, |m| Mirror::Dir(m.to_path_buf()));
    for lab in labs {
        for (feed, _) in lab.feeds(Some("real")) {
            let Some(name) = feed.dataset else { continue };
            let manifest = dataset::find(&name).map_err(failure)?;
            pull(ctx, &manifest, dir.path(), &mirror)?;
        }
    }
    Ok(dir)
}

/// Links the files of one folder into another.
pub(crate) fn lend(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if fs::hard_link(entry.path(), &target).is_err() {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// A data set's error in our words.
fn failure(error: DatasetError) -> Failure {
    let text = error.to_string();
    match error {
        DatasetError::Unknown { .. } => {
            Failure::user("unknown_dataset", text).hint("`pancake dataset list` shows what there is")
        }
        DatasetError::Offline { .. } | DatasetError::Interrupted { .. } => {
            Failure::environment("offline", text)
                .hint("try again when there is a network, or give a copy: `--mirror DIR`; what came so far is kept")
        }
        DatasetError::Checksum { .. } | DatasetError::Length { .. } => {
            Failure::environment("wrong_checksum", text)
                .hint("the file is not the one that was meant; try another mirror")
        }
        DatasetError::DiskFull { .. } => {
            Failure::environment("disk_full", text).hint("free some space, or take another home: `--home DIR`")
        }
        DatasetError::Write { .. } | DatasetError::Read { .. } => Failure::environment("io", text),
        _ => Failure::user("dataset", text),
    }
}

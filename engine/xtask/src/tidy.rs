//! What lints cannot hold: one file per rule, each gives the places that break it.
//!
//! * A rule prints `path:line: what, and what to do`, so that a terminal can jump there.

mod arrows;
mod files;
mod labs;
mod words;

use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::shell;

/// One place that breaks a rule.
pub(crate) struct Finding {
    /// Path from the root.
    pub(crate) path: String,
    /// Line, from one.
    pub(crate) line: usize,
    /// What is wrong and what to do.
    pub(crate) what: String,
}

/// Runs all rules.
pub(crate) fn run() -> anyhow::Result<()> {
    let root = shell::root();
    let tracked = tracked(&root)?;
    let mut findings = arrows::check()?;
    for file in &tracked {
        let Ok(text) = std::fs::read_to_string(root.join(file)) else { continue };
        files::check(file, &text, &mut findings);
        words::check(file, &text, &mut findings);
    }
    findings.extend(labs::check(&root)?);
    for f in &findings {
        println!("{}:{}: {}", f.path, f.line, f.what);
    }
    if !findings.is_empty() {
        bail!("tidy: {} places to mend", findings.len());
    }
    println!("tidy: {} files are tidy", tracked.len());
    Ok(())
}

/// Files that git tracks, or would if they were added.
fn tracked(root: &Path) -> anyhow::Result<Vec<String>> {
    let list = shell::capture("git", &["ls-files", "--cached", "--others", "--exclude-standard"])?;
    Ok(list.lines().filter(|f| root.join(PathBuf::from(f)).is_file()).map(str::to_owned).collect())
}

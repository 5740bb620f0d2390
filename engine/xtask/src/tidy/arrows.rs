//! Which crate may name which: the arrows of the architecture, checked against `cargo metadata`.
//!
//! * An arrow allows everything below it, so only direct dependencies are checked against the closure.
//! * Heavy crates are named by exactly one of ours.

use std::collections::BTreeSet;

use anyhow::Context as _;
use serde_json::Value;

use super::Finding;
use crate::shell;

/// Crate, and the crates it may name directly (their own allowances come with them).
const ARROWS: &[(&str, &[&str])] = &[
    ("types", &[]),
    ("log", &["types"]),
    ("broker", &["log"]),
    ("dataflow", &["types"]),
    ("sql", &["dataflow"]),
    ("connect", &["sql", "dataflow", "broker"]),
    ("ml", &["types"]),
    ("serving", &["ml"]),
    ("node", &["broker", "sql", "connect", "ml", "serving"]),
    ("lab", &["types"]),
    ("stack", &["types"]),
    ("ui", &[]),
    ("web", &["node", "lab", "stack", "ui"]),
    ("cli", &["web"]),
    ("testkit", &["types"]),
];

/// External crate, and the one of ours that may name it.
const NAMED_BY_ONE: &[(&str, &[&str])] = &[
    ("datafusion", &["sql"]),
    ("bollard", &["stack"]),
    ("axum", &["web"]),
    ("cel", &["lab"]),
    ("comrak", &["lab"]),
    ("clap", &["cli", "xtask"]),
    ("anyhow", &["xtask"]),
];

/// Checks every member of the workspace.
pub(super) fn check() -> anyhow::Result<Vec<Finding>> {
    let text = std::process::Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(shell::root())
        .output()?;
    let metadata: Value = serde_json::from_slice(&text.stdout).context("cargo metadata")?;
    let mut findings = Vec::new();
    for package in array(&metadata, "packages") {
        let name = short(text_of(package, "name"));
        for dependency in array(package, "dependencies") {
            check_one(name, dependency, &mut findings);
        }
    }
    Ok(findings)
}

fn check_one(name: &str, dependency: &Value, findings: &mut Vec<Finding>) {
    let dev = text_of(dependency, "kind") == "dev";
    let target = text_of(dependency, "name");
    let mut say = |what: String| {
        findings.push(Finding { path: format!("{name} (Cargo.toml)"), line: 1, what });
    };
    if target.starts_with("pancake-") {
        let target = short(target);
        let test_only = dev && target == "testkit";
        if !test_only && name != "xtask" && !allowed(name).contains(target) {
            say(format!("`{name}` names `{target}`, and no arrow goes there"));
        }
    } else if let Some((_, owners)) = NAMED_BY_ONE.iter().find(|(c, _)| *c == target)
        && !dev
        && !owners.contains(&name)
    {
        say(format!("`{name}` names `{target}`; only {} may", owners.join(", ")));
    }
}

/// All crates that a crate may name: its arrows and everything below them.
fn allowed(name: &str) -> BTreeSet<&'static str> {
    let mut all = BTreeSet::new();
    let mut todo: Vec<&str> = vec![name];
    while let Some(next) = todo.pop() {
        for below in ARROWS.iter().filter(|(n, _)| *n == next).flat_map(|(_, b)| b.iter()) {
            if all.insert(*below) {
                todo.push(below);
            }
        }
    }
    all
}

fn short(package: &str) -> &str {
    package.strip_prefix("pancake-").unwrap_or(package)
}

fn array<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text_of<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrow_allows_everything_below_it_and_nothing_above() {
        assert!(allowed("connect").contains("log"));
        assert!(allowed("node").contains("dataflow"));
        assert!(!allowed("lab").contains("node"));
        assert!(!allowed("log").contains("broker"));
    }
}

//! What a desk's workspace holds beside the learner's files: answers, cell texts, and what each cell's last run gave.
//!
//! * `answers.json` quiz → answer · `vars.json` variable → value · `cells.jsonl` one line for each text that was run, the last
//!   one counts · `outputs/<cell>.json` the last run with what it made.
//! * All of it is written through [`Hands`] and read through [`World`]; a wiped workspace is a desk that never was.

use std::collections::BTreeMap;

use pancake_types::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::world::{CellOutput, Desk, Hands, Inventory, World, WorldError, WorldResult};

const ANSWERS: &str = "answers.json";
const VARS: &str = "vars.json";
const CELLS: &str = "cells.jsonl";

/// A cell's last run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CellRun {
    /// When.
    pub at: Timestamp,
    /// The text that was run.
    pub text: String,
    /// What it gave.
    pub output: CellOutput,
    /// What it made, to be undone before the next run.
    pub made: Inventory,
}

#[derive(Serialize, Deserialize)]
struct CellText {
    cell: String,
    text: String,
}

fn read_json<T: DeserializeOwned + Default>(
    world: &dyn World,
    desk: &Desk,
    path: &str,
) -> WorldResult<T> {
    let Some(bytes) = world.file(desk, path)? else { return Ok(T::default()) };
    serde_json::from_slice(&bytes).map_err(|error| broken(path, &error.to_string()))
}

fn broken(path: &str, reason: &str) -> WorldError {
    WorldError::Unavailable { what: format!("workspace file {path}"), reason: reason.to_owned() }
}

fn write_json<T: Serialize>(
    hands: &dyn Hands,
    desk: &Desk,
    path: &str,
    value: &T,
) -> WorldResult<()> {
    let bytes =
        serde_json::to_vec_pretty(value).map_err(|error| broken(path, &error.to_string()))?;
    hands.write_file(desk, path, &bytes)
}

/// The answers given so far, by quiz.
pub(crate) fn answers(world: &dyn World, desk: &Desk) -> WorldResult<BTreeMap<String, String>> {
    read_json(world, desk, ANSWERS)
}

/// Stores one answer.
pub(crate) fn put_answer(
    (world, hands): (&dyn World, &dyn Hands),
    desk: &Desk,
    quiz: &str,
    value: &str,
) -> WorldResult<()> {
    let mut all = answers(world, desk)?;
    all.insert(quiz.to_owned(), value.to_owned());
    write_json(hands, desk, ANSWERS, &all)
}

/// The values of the lab's variables that the learner gave.
pub(crate) fn vars(world: &dyn World, desk: &Desk) -> WorldResult<BTreeMap<String, String>> {
    read_json(world, desk, VARS)
}

/// Stores one value.
pub(crate) fn put_var(
    (world, hands): (&dyn World, &dyn Hands),
    desk: &Desk,
    name: &str,
    value: &str,
) -> WorldResult<()> {
    let mut all = vars(world, desk)?;
    all.insert(name.to_owned(), value.to_owned());
    write_json(hands, desk, VARS, &all)
}

/// The learner's text of each cell that has one.
pub(crate) fn texts(world: &dyn World, desk: &Desk) -> WorldResult<BTreeMap<String, String>> {
    let bytes = world.file(desk, CELLS)?.unwrap_or_default();
    let lines = bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let text: CellText =
                serde_json::from_slice(line).map_err(|error| broken(CELLS, &error.to_string()))?;
            Ok((text.cell, text.text))
        })
        .collect()
}

/// Keeps the learner's text of a cell; an unchanged text adds no line.
pub(crate) fn put_text(
    (world, hands): (&dyn World, &dyn Hands),
    desk: &Desk,
    cell: &str,
    text: &str,
) -> WorldResult<()> {
    if texts(world, desk)?.get(cell).is_some_and(|known| known == text) {
        return Ok(());
    }
    let mut bytes = world.file(desk, CELLS)?.unwrap_or_default();
    let line = CellText { cell: cell.to_owned(), text: text.to_owned() };
    serde_json::to_writer(&mut bytes, &line).map_err(|error| broken(CELLS, &error.to_string()))?;
    bytes.push(b'\n');
    hands.write_file(desk, CELLS, &bytes)
}

/// A cell's last run.
pub(crate) fn run(world: &dyn World, desk: &Desk, cell: &str) -> WorldResult<Option<CellRun>> {
    read_json(world, desk, &output_path(cell))
}

/// Stores a cell's run; `None` forgets it.
pub(crate) fn put_run(
    hands: &dyn Hands,
    desk: &Desk,
    cell: &str,
    run: Option<&CellRun>,
) -> WorldResult<()> {
    write_json(hands, desk, &output_path(cell), &run)
}

/// The last runs of all cells.
pub(crate) fn runs(world: &dyn World, desk: &Desk) -> WorldResult<BTreeMap<String, CellRun>> {
    let files = world.files(desk)?;
    let cells =
        files.iter().filter_map(|path| path.strip_prefix("outputs/")?.strip_suffix(".json"));
    let mut all = BTreeMap::new();
    for cell in cells {
        if let Some(run) = run(world, desk, cell)? {
            all.insert(cell.to_owned(), run);
        }
    }
    Ok(all)
}

fn output_path(cell: &str) -> String {
    format!("outputs/{cell}.json")
}

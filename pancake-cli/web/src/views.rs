//! What the browser gets: the one place where the shape of its data is written down.
//!
//! * Each type here has a generated twin in `pancake-cli/ui/web/src/types`; a test fails when one is stale
//!   (`PANCAKE_TYPES=write cargo test -p pancake-web types` renews them).
//! * Views of the engine and of the labs are turned into these; the pages never see the engine's own types.

use serde::Serialize;
use ts_rs::TS;

/// Who is signed in, and to what.
#[derive(Clone, Debug, Serialize, TS)]
pub(crate) struct MeView {
    /// Alone on a laptop, `me`.
    pub(crate) attendee: String,
    /// Version of the program.
    pub(crate) version: String,
}

/// The first page in one answer.
#[derive(Clone, Debug, Serialize, TS)]
pub(crate) struct TodayView {
    /// The labs in order.
    pub(crate) labs: Vec<LabCard>,
    /// The parts of the running program.
    pub(crate) services: Vec<ServiceCard>,
}

/// A lab in one row.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub(crate) struct LabCard {
    /// Folder name, such as `01-first-pancake`.
    pub(crate) id: String,
    /// Number in front of the id, if it has one.
    pub(crate) number: Option<u32>,
    /// Title.
    pub(crate) title: String,
    /// What one can do after it, as one sentence without a subject.
    pub(crate) can_do: String,
    /// Promised minutes.
    pub(crate) minutes: u32,
    /// Where it stands.
    pub(crate) state: LabState,
    /// Steps that have passed.
    pub(crate) passed: u32,
    /// The steps in order.
    pub(crate) steps: Vec<StepCard>,
    /// Labs that come before it and have not passed.
    pub(crate) waits_for: Vec<String>,
    /// When it was last worked on.
    pub(crate) touched_at: Option<i64>,
}

/// Where a lab stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub(crate) enum LabState {
    /// Nobody has begun it.
    NotStarted,
    /// Begun, and nothing is wrong.
    Working,
    /// Begun, and a check has failed.
    ToFix,
    /// Every step has passed.
    Passed,
}

/// A step of a lab.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub(crate) struct StepCard {
    /// Id within the lab.
    pub(crate) id: String,
    /// Title.
    pub(crate) title: String,
    /// Promised minutes.
    pub(crate) minutes: u32,
    /// Where it stands.
    pub(crate) state: StepState,
    /// Its checks in order.
    pub(crate) checks: Vec<CheckCard>,
}

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub(crate) enum StepState {
    /// Nothing of it has passed or failed.
    None,
    /// Some of it has passed.
    Working,
    /// A check has failed since.
    Failed,
    /// All of it has passed.
    Passed,
}

/// A check of a step.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub(crate) struct CheckCard {
    /// Id within the lab.
    pub(crate) id: String,
    /// Its verdict.
    pub(crate) state: CheckState,
    /// What it said last.
    pub(crate) message: String,
    /// Tries that count.
    pub(crate) attempts: u32,
    /// Hints that were opened.
    pub(crate) hints_opened: u32,
}

/// A check's verdict. A pass stays until a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub(crate) enum CheckState {
    /// Not tried yet.
    None,
    /// Does not hold yet.
    Failed,
    /// Holds, or held once.
    Passed,
    /// Could not be told: our fault, not counted.
    Error,
    /// Another check has to pass first.
    Blocked,
}

/// A lab to read.
#[derive(Clone, Debug, Serialize, TS)]
pub(crate) struct LabPage {
    /// Its row.
    pub(crate) card: LabCard,
    /// Its pages in the order of the steps.
    pub(crate) pages: Vec<StepPage>,
}

/// The page of a step.
#[derive(Clone, Debug, Serialize, TS)]
pub(crate) struct StepPage {
    /// The step's id.
    pub(crate) id: String,
    /// The step's title.
    pub(crate) title: String,
    /// Text, cells and checks in order.
    pub(crate) parts: Vec<PartView>,
}

/// A part of a page.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(tag = "t", rename_all = "snake_case")]
#[ts(tag = "t", rename_all = "snake_case")]
pub(crate) enum PartView {
    /// Text.
    Prose {
        /// Rendered on the server with raw HTML off.
        html: String,
    },
    /// Code that can be run.
    Cell {
        /// The cell.
        cell: CellView,
    },
    /// The place of a check.
    Check {
        /// The check's id.
        id: String,
    },
}

/// Code that can be run.
#[derive(Clone, Debug, Serialize, TS)]
pub(crate) struct CellView {
    /// Id within the lab.
    pub(crate) id: String,
    /// First word of its fence.
    pub(crate) language: String,
    /// The code.
    pub(crate) source: String,
    /// What to type in a terminal to run it.
    pub(crate) command: Option<String>,
}

/// A part of the running program.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub(crate) struct ServiceCard {
    /// `log`, `engine`, `serving` or `api`.
    pub(crate) id: String,
    /// Title.
    pub(crate) title: String,
    /// Where it stands.
    pub(crate) state: ServiceState,
    /// Where clients reach it.
    pub(crate) address: Option<String>,
    /// Its figures.
    pub(crate) facts: Vec<Fact>,
}

/// Where a service stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub(crate) enum ServiceState {
    /// It answers.
    Ready,
    /// It does not work.
    Failed,
}

/// A figure of a service.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub(crate) struct Fact {
    /// The number.
    pub(crate) value: f64,
    /// `bytes`, `ms`, or the singular of what is counted.
    pub(crate) unit: String,
    /// What distinguishes it, such as `running`.
    pub(crate) note: String,
}

impl Fact {
    /// A figure.
    pub(crate) fn new(value: f64, unit: &str, note: &str) -> Self {
        Self { value, unit: unit.to_owned(), note: note.to_owned() }
    }
}

/// A job in one row.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub(crate) struct JobCard {
    /// Its id.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// `starting`, `running`, `finished`, `failed` or `stopped`.
    pub(crate) state: String,
    /// Why it failed.
    pub(crate) error: Option<String>,
    /// Rows read by its sources.
    pub(crate) rows_in: u64,
    /// Rows written by its sinks.
    pub(crate) rows_out: u64,
    /// Rows that came after their window had closed.
    pub(crate) late_rows: u64,
    /// Lowest watermark of its last operators.
    pub(crate) watermark: Option<i64>,
}

#[cfg(test)]
mod types {
    use std::{collections::BTreeMap, fs, path::Path};

    use super::*;

    fn read_all(dir: &Path) -> BTreeMap<String, String> {
        let Ok(entries) = fs::read_dir(dir) else { return BTreeMap::new() };
        entries
            .map(|entry| entry.unwrap().path())
            .map(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, fs::read_to_string(&path).unwrap())
            })
            .collect()
    }

    #[test]
    fn the_browsers_twins_are_current() {
        let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/web/src/types");
        let fresh = tempfile::tempdir().unwrap();
        let config = ts_rs::Config::new()
            .with_large_int("number")
            .with_import_extension(Some("ts"))
            .with_out_dir(fresh.path());
        MeView::export_all(&config).unwrap();
        LabPage::export_all(&config).unwrap();
        TodayView::export_all(&config).unwrap();
        JobCard::export_all(&config).unwrap();
        let fresh = read_all(fresh.path());
        if std::env::var_os("PANCAKE_TYPES").is_some_and(|v| v == "write") {
            for name in read_all(&committed).keys() {
                fs::remove_file(committed.join(name)).unwrap();
            }
            for (name, text) in &fresh {
                fs::write(committed.join(name), text).unwrap();
            }
        }
        assert!(fresh.contains_key("LabCard.ts"));
        assert_eq!(read_all(&committed), fresh, "run with PANCAKE_TYPES=write to renew them");
    }
}

//! What `_pancake.jobs` says of one job.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Whether a job should run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Desired {
    /// It should.
    Running,
    /// Somebody stopped it.
    Stopped,
    /// Its inputs have ended.
    Finished,
    /// It failed.
    Failed,
}

/// Totals at the end of a job, for when nothing runs that could be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Totals {
    pub(crate) watermark: Option<i64>,
    pub(crate) watermark_end: bool,
    pub(crate) rows_in: u64,
    pub(crate) rows_out: u64,
    pub(crate) late_rows: u64,
    pub(crate) late_max_ms: u64,
    pub(crate) malformed: u64,
    pub(crate) first_malformed: Option<String>,
    pub(crate) caught_up: bool,
}

/// A job's record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct JobRecord {
    /// Id, also the name of its directory.
    pub(crate) id: String,
    /// `pipeline.name`, else the sink table.
    pub(crate) name: String,
    /// The statement.
    pub(crate) statement: String,
    /// Options that were set when it was submitted.
    pub(crate) options: BTreeMap<String, String>,
    /// Topics that it writes.
    pub(crate) writes: Vec<String>,
    /// When it was submitted.
    pub(crate) created_at: i64,
    /// Whether it should run.
    pub(crate) desired: Desired,
    /// Why it failed.
    #[serde(default)]
    pub(crate) error: Option<String>,
    /// What it had done when it ended.
    #[serde(default)]
    pub(crate) last: Option<Totals>,
}

/// Makes an id that is a safe directory name: the job's name, shortened, and when it was submitted.
pub(crate) fn job_id(name: &str, created_at: i64) -> String {
    const NAME_CHARS_MAX: usize = 32;
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = name.chars().take(NAME_CHARS_MAX).map(plain).collect();
    format!("{name}-{created_at:x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_directory_name() {
        assert_eq!(job_id("../etc/counts", 255), "---etc-counts-ff");
    }
}

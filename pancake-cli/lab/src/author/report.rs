//! What a lab's test says: while it runs, and at the end.

use serde::{Deserialize, Serialize};

/// The result of testing one lab with one variant of its data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LabTestReport {
    /// The lab.
    pub lab: String,
    /// The variant.
    pub variant: Option<String>,
    /// Whether everything held.
    pub passed: bool,
    /// The parts, in order.
    pub phases: Vec<PhaseReport>,
}

/// One part: `untouched`, `solution count`, `again`, `reset`, `wrong count/ten-seconds`, `jump late`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PhaseReport {
    /// Its name.
    pub name: String,
    /// What did not hold; empty if all did.
    pub failures: Vec<String>,
    /// Machine time; nothing is judged by it.
    pub millis: u64,
}

impl PhaseReport {
    /// Whether all held.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// What happens while a test runs, for a progress bar.
#[derive(Debug, Clone, PartialEq)]
pub enum TestEvent<'a> {
    /// A part begins.
    Begin {
        /// Its name.
        name: &'a str,
        /// Its place, from 1.
        number: usize,
        /// How many there are.
        of: usize,
    },
    /// A part has ended.
    End(&'a PhaseReport),
}

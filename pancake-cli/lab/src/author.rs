//! The loop of who writes labs: a scaffold to begin with, a linter, a test that plays the whole lab, and what is covered.
//!
//! Start reading at [`LabTest::run`].

mod coverage;
mod harness;
mod lint;
mod report;
mod scaffold;

pub use coverage::{Coverage, ROWS};
pub use harness::{LabTest, Rig, Rigs};
pub use lint::lint;
pub use report::{LabTestReport, PhaseReport, TestEvent};
pub use scaffold::scaffold;

#[cfg(test)]
mod tests;

//! Which rows of the curriculum labs cover.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::loader::Lab;

/// How many rows each part of the curriculum has.
pub const ROWS: [(char, u32); 5] = [('A', 34), ('B', 31), ('C', 15), ('D', 20), ('E', 32)];

/// What is covered, and what is not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Row → the labs that name it.
    pub covered: BTreeMap<String, Vec<String>>,
    /// Rows that no lab names, in order.
    pub open: Vec<String>,
    /// Rows that labs name and the curriculum does not have.
    pub unknown: Vec<String>,
}

impl Coverage {
    /// The coverage of these labs.
    pub fn of<'a>(labs: impl IntoIterator<Item = &'a Lab>) -> Self {
        let mut coverage = Self::default();
        let rows: Vec<String> = ROWS
            .iter()
            .flat_map(|(part, last)| (1..=*last).map(move |n| format!("{part}{n}")))
            .collect();
        for lab in labs {
            for row in &lab.file.covers {
                if rows.contains(row) {
                    coverage.covered.entry(row.clone()).or_default().push(lab.id().to_owned());
                } else {
                    coverage.unknown.push(row.clone());
                }
            }
        }
        coverage.open =
            rows.into_iter().filter(|row| !coverage.covered.contains_key(row)).collect();
        coverage
    }
}

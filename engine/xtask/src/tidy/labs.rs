//! Folders of content have the shape that the loaders expect.

use std::{fs, path::Path};

use super::Finding;

/// Folder, and the file that each of its entries must have.
const SHAPES: &[(&str, &str)] =
    &[("labs", "lab.yaml"), ("datasets", "dataset.yaml"), ("images", "service.yaml")];

/// Checks `labs/`, `datasets/` and `images/`.
pub(super) fn check(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (folder, must) in SHAPES {
        let Ok(entries) = fs::read_dir(root.join(folder)) else { continue };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() && !entry.path().join(must).is_file() {
                findings.push(Finding {
                    path: format!("{folder}/{}", entry.file_name().to_string_lossy()),
                    line: 1,
                    what: format!("has no {must}"),
                });
            }
        }
    }
    Ok(findings)
}

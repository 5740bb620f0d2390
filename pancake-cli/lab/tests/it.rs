//! The labs of this repository load and keep the linter's rules.

use std::{fs, io, path::Path};

use pancake_lab::{Folder, author::lint};

#[test]
fn every_lab_is_clean_under_the_linter() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../labs");
    let mut labs = 0;
    for entry in fs::read_dir(root)? {
        let folder = entry?.path();
        if !folder.is_dir() {
            continue;
        }
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let told = lint(&Folder::read(&folder)?, &name);
        let told: Vec<String> = told.iter().map(ToString::to_string).collect();
        assert!(told.is_empty(), "{name}: {told:#?}");
        labs += 1;
    }
    assert!(labs >= 2, "only {labs} labs were found");
    Ok(())
}

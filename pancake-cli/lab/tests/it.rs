//! The labs of this repository load and keep the linter's rules.

use std::{fs, path::PathBuf};

use pancake_lab::{Folder, author::lint};

fn labs() -> Vec<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../labs");
    let mut folders: Vec<PathBuf> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|p| p.is_dir())
        .collect();
    folders.sort();
    folders
}

#[test]
fn every_lab_is_clean_under_the_linter() {
    assert!(!labs().is_empty());
    for folder in labs() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let told: Vec<String> =
            lint(&Folder::read(&folder).unwrap(), &name).iter().map(ToString::to_string).collect();
        assert!(told.is_empty(), "{name}: {told:#?}");
    }
}

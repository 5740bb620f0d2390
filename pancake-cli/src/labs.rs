//! The labs that come with the program, or those of a folder.
//!
//! * `--labs DIR` replaces the built-in labs: DIR is one lab, or a folder of labs.
//! * A lab that does not load says where and why, all of it at once.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use include_dir::{Dir, include_dir};
use pancake_lab::{Diagnostic, Folder, Lab, LabFiles, MemoryFiles, Workshop};

use crate::{
    cli::Global,
    failure::{Failure, Outcome},
    world::Shop,
};

/// The labs in the binary.
static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../labs");

/// A lab's folder name and its files.
pub(crate) type Files = (String, Box<dyn LabFiles>);

/// The workshop over an engine.
pub(crate) fn workshop(global: &Global, shop: &Arc<Shop>) -> Outcome<Workshop> {
    let labs = load(global)?;
    let (world, hands, journal) = (Arc::clone(shop), Arc::clone(shop), Arc::clone(shop));
    Ok(Workshop::new(labs, world, hands, journal))
}

/// All labs, loaded.
pub(crate) fn load(global: &Global) -> Outcome<Vec<Arc<Lab>>> {
    let mut labs = Vec::new();
    for (folder, files) in files(global)? {
        let lab = Lab::load(files.as_ref()).map_err(|told| unloadable(&folder, &told))?;
        labs.push(Arc::new(lab));
    }
    Ok(labs)
}

/// The files of all labs.
pub(crate) fn files(global: &Global) -> Outcome<Vec<Files>> {
    match &global.labs {
        Some(dir) => in_folder(dir),
        None => Ok(built_in()),
    }
}

fn built_in() -> Vec<Files> {
    BUILT_IN
        .dirs()
        .map(|dir| {
            let mut files = BTreeMap::new();
            collect(dir, dir.path(), &mut files);
            let files: Box<dyn LabFiles> = Box::new(MemoryFiles(files));
            (dir.path().to_string_lossy().into_owned(), files)
        })
        .collect()
}

fn collect(dir: &Dir<'_>, root: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for file in dir.files() {
        let path = file.path().strip_prefix(root).unwrap_or(file.path());
        files.insert(path.to_string_lossy().replace('\\', "/"), file.contents().to_vec());
    }
    for inner in dir.dirs() {
        collect(inner, root, files);
    }
}

fn in_folder(dir: &Path) -> Outcome<Vec<Files>> {
    let unreadable = |e: std::io::Error| {
        Failure::user("labs_unreadable", format!("cannot read labs in {}: {e}", dir.display()))
    };
    let one = |dir: &Path| -> Outcome<Files> {
        let files: Box<dyn LabFiles> = Box::new(Folder::read(dir).map_err(unreadable)?);
        let name = dir.canonicalize().map_err(unreadable)?;
        let name = name.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        Ok((name, files))
    };
    if dir.join("lab.yaml").is_file() {
        return Ok(vec![one(dir)?]);
    }
    let mut folders: Vec<_> = fs::read_dir(dir)
        .map_err(unreadable)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("lab.yaml").is_file())
        .collect();
    folders.sort();
    if folders.is_empty() {
        return Err(Failure::user(
            "no_labs",
            format!("{} has no folder with a lab.yaml", dir.display()),
        )
        .hint("make one: `pancake lab new 10-my-lab`"));
    }
    folders.iter().map(|folder| one(folder)).collect()
}

/// Everything that keeps a lab from loading, as one error.
pub(crate) fn unloadable(folder: &str, told: &[Diagnostic]) -> Failure {
    let list: Vec<String> = told.iter().map(|d| format!("  {folder}/{d}")).collect();
    Failure::user("lab_invalid", format!("lab {folder} cannot be loaded:\n{}", list.join("\n")))
        .hint("`pancake lab lint` shows all findings")
}

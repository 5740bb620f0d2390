//! A desk's files: `workspaces/<attendee>/<lab>/` under the home.
//!
//! * A path has only plain components; one that climbs out is refused before the file system sees it.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

use pancake_lab::world::{Desk, WorldError, WorldResult};

/// Files a workspace may have.
const FILES_MAX: usize = 10_000;

/// The folder of a desk.
pub(super) fn folder(home: &Path, desk: &Desk) -> WorldResult<PathBuf> {
    Ok(home.join("workspaces").join(plain(&desk.attendee)?).join(plain(&desk.lab)?))
}

/// A file's bytes, or `None` if it is not there.
pub(super) fn read(home: &Path, desk: &Desk, path: &str) -> WorldResult<Option<Vec<u8>>> {
    let file = folder(home, desk)?.join(plain(path)?);
    match fs::read(&file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(broken(&file, &e)),
    }
}

/// Writes a file whole; folders are made.
pub(super) fn write(home: &Path, desk: &Desk, path: &str, bytes: &[u8]) -> WorldResult<()> {
    let file = folder(home, desk)?.join(plain(path)?);
    if let Some(dir) = file.parent() {
        fs::create_dir_all(dir).map_err(|e| broken(dir, &e))?;
    }
    pancake_node::write_whole(&file, bytes, 0o644).map_err(|e| broken(&file, &e))
}

/// Removes a desk's folder.
pub(super) fn wipe(home: &Path, desk: &Desk) -> WorldResult<()> {
    let dir = folder(home, desk)?;
    match fs::remove_dir_all(&dir) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(broken(&dir, &e)),
        _ => Ok(()),
    }
}

/// All files of a desk, relative and sorted.
pub(super) fn list(home: &Path, desk: &Desk) -> WorldResult<Vec<String>> {
    let root = folder(home, desk)?;
    let mut files = Vec::new();
    let mut todo = vec![root.clone()];
    while let Some(dir) = todo.pop() {
        let entries = match fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => return Err(broken(&dir, &e)),
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                todo.push(path);
            } else if let Ok(inside) = path.strip_prefix(&root)
                && files.len() < FILES_MAX
            {
                files.push(inside.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// A path of plain components only.
fn plain(path: &str) -> WorldResult<&Path> {
    let inside = Path::new(path);
    let ok = !path.is_empty() && inside.components().all(|c| matches!(c, Component::Normal(_)));
    ok.then_some(inside).ok_or_else(|| WorldError::Refused {
        message: format!("`{path}` is not a path inside the workspace"),
        hint: Some("write it relative, without `..`".to_owned()),
    })
}

fn broken(path: &Path, error: &io::Error) -> WorldError {
    WorldError::Unavailable { what: path.display().to_string(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_climb_out() {
        for path in ["../x", "a/../../x", "/etc/passwd", "", "."] {
            assert!(plain(path).is_err(), "{path}");
        }
        assert!(plain("a/b.txt").is_ok());
    }

    #[test]
    fn what_is_written_is_listed_and_wiped() {
        let home = tempfile::tempdir().unwrap();
        let desk = Desk { attendee: "me".into(), lab: "01".into() };
        write(home.path(), &desk, "b/c.txt", b"1").unwrap();
        write(home.path(), &desk, "a.txt", b"2").unwrap();
        assert_eq!(list(home.path(), &desk).unwrap(), ["a.txt", "b/c.txt"]);
        assert_eq!(read(home.path(), &desk, "a.txt").unwrap().unwrap(), b"2");
        wipe(home.path(), &desk).unwrap();
        assert!(list(home.path(), &desk).unwrap().is_empty());
    }
}

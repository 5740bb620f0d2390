//! The home directory: who holds it, which layout it has, where its parts lie.
//!
//! * One process holds a home at a time: `lock` is flock'd for as long as [`Home`] lives, and names its holder.
//! * `VERSION` is the layout; a newer one is refused, never guessed at.
//! * Everything but `lock` and `run.json` survives `kill -9`.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, flock};

use crate::{ErrorKind, NodeError};

/// The layout that this program writes.
const LAYOUT: u32 = 1;
/// Below this a new home is refused: the log would fill the disk within minutes.
const FREE_BYTES_MIN: u64 = 64 << 20;

/// A home directory, held by this process until dropped.
#[derive(Debug)]
pub struct Home {
    dir: PathBuf,
    lock: File,
}

impl Home {
    /// Opens a home, making it if it is absent, and holds it.
    ///
    /// # Errors
    /// `home_in_use` (with the holder's pid and address), `home_unwritable`, `home_full`, `home_newer`.
    pub fn open(dir: &Path) -> Result<Self, NodeError> {
        fs::create_dir_all(dir).map_err(|e| unwritable(dir, &e))?;
        let dir = fs::canonicalize(dir).map_err(|e| unwritable(dir, &e))?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(dir.join("lock"))
            .map_err(|e| unwritable(&dir, &e))?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(in_use(&dir, &mut lock));
        }
        let home = Self { dir, lock };
        home.check_space()?;
        home.check_layout()?;
        home.name_holder("starting")?;
        Ok(home)
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A part of the home, made if it is absent.
    ///
    /// # Errors
    /// `home_unwritable`.
    pub fn part(&self, name: &str) -> Result<PathBuf, NodeError> {
        let part = self.dir.join(name);
        fs::create_dir_all(&part).map_err(|e| unwritable(&part, &e))?;
        Ok(part)
    }

    /// Writes who holds the home, for the one who finds it locked.
    ///
    /// # Errors
    /// `home_unwritable`.
    pub fn name_holder(&self, address: &str) -> Result<(), NodeError> {
        let text = format!("{} {address}\n", std::process::id());
        let mut file = &self.lock;
        file.rewind()
            .and_then(|()| file.set_len(0))
            .and_then(|()| file.write_all(text.as_bytes()))
            .map_err(|e| unwritable(&self.dir.join("lock"), &e))
    }

    fn check_space(&self) -> Result<(), NodeError> {
        let Ok(stat) = rustix::fs::statvfs(&self.dir) else { return Ok(()) };
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        if free >= FREE_BYTES_MIN {
            return Ok(());
        }
        Err(NodeError::new(
            ErrorKind::Unavailable,
            "home_full",
            format!(
                "{} has {} MB free; {} MB are needed to start",
                self.dir.display(),
                free >> 20,
                FREE_BYTES_MIN >> 20
            ),
        )
        .hint("free some space, or take another place: `pancake up --home DIR`"))
    }

    fn check_layout(&self) -> Result<(), NodeError> {
        let path = self.dir.join("VERSION");
        match fs::read_to_string(&path) {
            Ok(text) => match text.trim().parse::<u32>() {
                Ok(found) if found <= LAYOUT => Ok(()),
                _ => Err(NodeError::new(
                    ErrorKind::Conflict,
                    "home_newer",
                    format!(
                        "{} was written by a newer pancake (layout {}; this one knows {LAYOUT})",
                        self.dir.display(),
                        text.trim()
                    ),
                )
                .hint("update pancake, or take another place: `pancake up --home DIR`")),
            },
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                write_whole(&path, format!("{LAYOUT}\n").as_bytes(), 0o644)
                    .map_err(|e| unwritable(&path, &e))
            }
            Err(e) => Err(unwritable(&path, &e)),
        }
    }
}

/// Writes a file so that it is whole or absent at any moment: temporary file, sync, rename, sync of the directory.
///
/// # Errors
/// What the file system says.
pub fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let part = path.with_extension("part");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, path)?;
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}

fn unwritable(path: &Path, error: &io::Error) -> NodeError {
    NodeError::new(
        ErrorKind::Unavailable,
        "home_unwritable",
        format!("cannot write to {}: {error}", path.display()),
    )
    .hint("make it writable, or take another place: `pancake up --home DIR`")
}

fn in_use(dir: &Path, lock: &mut File) -> NodeError {
    let mut text = String::new();
    let holder = match lock.read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => text.trim().to_owned(),
        _ => "unknown".to_owned(),
    };
    let (pid, address) = holder.split_once(' ').unwrap_or((holder.as_str(), "starting"));
    NodeError::new(
        ErrorKind::Conflict,
        "home_in_use",
        format!("{} is in use by pancake with pid {pid} ({address})", dir.display()),
    )
    .hint("use it as it runs (`pancake status`), stop it (`pancake down`), or take another place: `pancake up --home DIR --any-port`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_has_one_holder_and_says_who() {
        let dir = tempfile::tempdir().unwrap();
        let first = Home::open(dir.path()).unwrap();
        first.name_holder("localhost:7070").unwrap();
        let error = Home::open(dir.path()).unwrap_err();
        assert_eq!(error.code, "home_in_use");
        assert!(error.message.contains(&std::process::id().to_string()), "{error}");
        assert!(error.message.contains("localhost:7070"), "{error}");
        drop(first);
        Home::open(dir.path()).unwrap();
    }

    #[test]
    fn a_newer_layout_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("VERSION"), "999\n").unwrap();
        assert_eq!(Home::open(dir.path()).unwrap_err().code, "home_newer");
    }

    #[test]
    fn a_home_that_cannot_be_made_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(Home::open(&file.join("home")).unwrap_err().code, "home_unwritable");
    }
}

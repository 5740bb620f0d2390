//! Files as the log and the checkpoints see them, so that a simulation can lose and tear them.
//!
//! * A write is durable only after [`StorageFile::sync`]; a new, renamed or removed name only after
//!   [`Storage::sync_dir`] of its directory. A simulated storage loses everything else at a crash.
//! * Paths are given whole; an implementation never changes a working directory.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A place for files and directories.
pub trait Storage: Send + Sync + fmt::Debug + 'static {
    /// Opens a file for reading and writing, making it if `create` says so.
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn StorageFile>>;
    /// Names directly inside a directory, sorted; an absent directory is an error of kind `NotFound`.
    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>>;
    /// Makes a directory and its parents.
    fn create_dir_all(&self, dir: &Path) -> io::Result<()>;
    /// Renames a file or a directory, replacing a file that is there.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Removes a directory with everything in it.
    fn remove_dir_all(&self, dir: &Path) -> io::Result<()>;
    /// Makes the names in a directory durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// Whether a file or directory is there.
    fn exists(&self, path: &Path) -> bool;
}

/// An open file. Reads and writes name their position; there is no cursor.
pub trait StorageFile: Send + Sync + fmt::Debug {
    /// Reads up to `buf.len()` bytes at a position; fewer only at the end of the file.
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize>;
    /// Writes all bytes at a position.
    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<()>;
    /// Length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Whether the file has no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Cuts or extends the file to a length in bytes.
    fn truncate(&self, len: u64) -> io::Result<()>;
    /// Makes everything written so far durable (`fdatasync`).
    fn sync(&self) -> io::Result<()>;
}

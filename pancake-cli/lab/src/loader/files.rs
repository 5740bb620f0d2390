//! Where a lab's files come from.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// The files of one lab, by paths with `/` relative to its folder.
pub trait LabFiles {
    /// All paths, sorted.
    fn list(&self) -> Vec<String>;
    /// One file.
    fn read(&self, path: &str) -> Option<Vec<u8>>;
}

/// A lab in a folder, read once.
#[derive(Debug, Clone, Default)]
pub struct Folder {
    files: BTreeMap<String, Vec<u8>>,
}

/// A lab holds at most this much; what is larger is a data set and belongs elsewhere.
const LAB_BYTES_MAX: u64 = 16 << 20;

impl Folder {
    /// Reads the folder.
    ///
    /// # Errors
    /// If it cannot be read, or holds more than a lab may.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        let mut bytes = 0;
        let mut open: Vec<PathBuf> = vec![root.to_owned()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                let path = entry.path();
                if entry.file_name().to_string_lossy().starts_with('.') {
                    continue;
                }
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    open.push(path);
                } else if kind.is_file() {
                    bytes += entry.metadata()?.len();
                    if bytes > LAB_BYTES_MAX {
                        let why = format!("{} holds more than 16 MiB", root.display());
                        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
                    }
                    files.insert(relative(root, &path), fs::read(&path)?);
                }
            }
        }
        Ok(Self { files })
    }
}

fn relative(root: &Path, path: &Path) -> String {
    let parts = path.strip_prefix(root).unwrap_or(path).components();
    parts.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect::<Vec<_>>().join("/")
}

impl LabFiles for Folder {
    fn list(&self) -> Vec<String> {
        self.files.keys().cloned().collect()
    }

    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.files.get(path).cloned()
    }
}

/// A lab that lies in the binary, or in a test.
#[derive(Debug, Clone, Default)]
pub struct MemoryFiles(pub BTreeMap<String, Vec<u8>>);

impl LabFiles for MemoryFiles {
    fn list(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.0.get(path).cloned()
    }
}

//! Brings the files of a data set into `blobs/`, and checks those that are there.
//!
//! * Bytes go to `<sha256>.part`, are synced, and get their name only when their checksum is right.
//! * A part that is there is kept: it is read once for the checksum, and the rest is asked for.
//! * A connection that breaks is opened again as long as bytes keep coming, [`RETRIES_MAX`] times without any.
//!
//! Start reading at [`pull`].

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{
    DataFile, DatasetError, Manifest,
    origin::{Opened, open_file, open_url},
};

/// How often in a row a connection may break without having brought a byte.
const RETRIES_MAX: u32 = 3;
const CHUNK_BYTES: usize = 64 * 1024;

/// Where files come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mirror {
    /// The address in the manifest.
    Origin,
    /// A directory laid out as the manifests' `mirror` paths say.
    Dir(PathBuf),
    /// A server with the same layout below this address.
    Url(String),
}

impl Mirror {
    /// Reads what a user gives for `--mirror`: an `http(s)://` address or a directory.
    pub fn parse(text: &str) -> Self {
        if text.starts_with("http://") || text.starts_with("https://") {
            return Self::Url(text.trim_end_matches('/').to_owned());
        }
        Self::Dir(PathBuf::from(text))
    }
}

/// How far a file has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file.
    pub file: &'a str,
    /// Bytes that are here.
    pub done_bytes: u64,
    /// Bytes of the whole file.
    pub total_bytes: u64,
}

/// What [`pull`] did with one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// The file.
    pub file: String,
    /// Where it lies now.
    pub path: PathBuf,
    /// Bytes fetched now; 0 if it was there.
    pub fetched_bytes: u64,
    /// Bytes that an earlier attempt had left.
    pub resumed_bytes: u64,
}

/// What [`verify`] found of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    /// It is there, byte for byte.
    Good,
    /// It is not there.
    Absent,
    /// It is there with another checksum, this one.
    Wrong {
        /// The sha256 of what is there.
        got: String,
    },
}

/// Brings all files of a data set into `blobs`; those that are there and right are left alone.
pub fn pull(
    manifest: &Manifest,
    blobs: &Path,
    mirror: &Mirror,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<Pulled>, DatasetError> {
    if manifest.generator.is_some() {
        return Err(DatasetError::Generated { name: manifest.name.clone() });
    }
    fs::create_dir_all(blobs).map_err(|source| write_error(blobs, 0, source))?;
    let one = |file| Download::new(manifest, file, blobs, mirror)?.run(&mut *progress);
    manifest.files.iter().map(one).collect()
}

/// Reads every file of a data set and compares its checksum.
pub fn verify(manifest: &Manifest, blobs: &Path) -> Result<Vec<(String, FileState)>, DatasetError> {
    let state = |file: &DataFile| Ok((file.name.clone(), verify_file(file, blobs)?));
    manifest.files.iter().map(state).collect()
}

fn verify_file(file: &DataFile, blobs: &Path) -> Result<FileState, DatasetError> {
    let path = blobs.join(&file.sha256);
    let found = match File::open(&path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(FileState::Absent),
        Err(source) => return Err(DatasetError::Read { path, source }),
    };
    let mut digest = Sha256::new();
    hash_all(found, &mut digest).map_err(|source| DatasetError::Read { path, source })?;
    let got = hex(digest);
    Ok(if got == file.sha256 { FileState::Good } else { FileState::Wrong { got } })
}

struct Download<'a> {
    file: &'a DataFile,
    from: From,
    path: PathBuf,
    part: PathBuf,
}

enum From {
    File(PathBuf),
    Url(String),
}

impl From {
    fn open(&self, start: u64) -> Result<Opened, DatasetError> {
        match self {
            Self::File(path) => open_file(path, start),
            Self::Url(url) => open_url(url, start),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Url(url) => url.clone(),
        }
    }
}

impl<'a> Download<'a> {
    fn new(
        manifest: &Manifest,
        file: &'a DataFile,
        blobs: &Path,
        mirror: &Mirror,
    ) -> Result<Self, DatasetError> {
        let from = match mirror {
            Mirror::Dir(dir) => From::File(dir.join(&file.mirror)),
            Mirror::Url(url) => From::Url(format!("{url}/{}", file.mirror)),
            Mirror::Origin => From::Url(file.url.clone().ok_or_else(|| {
                let page = manifest.page.clone().unwrap_or_default();
                DatasetError::NoAddress { name: manifest.name.clone(), page }
            })?),
        };
        let path = blobs.join(&file.sha256);
        Ok(Self { file, from, part: path.with_extension("part"), path })
    }

    fn run(&self, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Pulled, DatasetError> {
        let pulled = |fetched_bytes, resumed_bytes| Pulled {
            file: self.file.name.clone(),
            path: self.path.clone(),
            fetched_bytes,
            resumed_bytes,
        };
        if self.file.is_present(self.path.parent().unwrap_or(&self.path)) {
            progress(self.progress(self.file.bytes));
            return Ok(pulled(0, 0));
        }
        let mut part = Part::open(&self.part)?;
        let resumed = part.bytes;
        self.fill(&mut part, progress)?;
        self.finish(&part)?;
        Ok(pulled(self.file.bytes.saturating_sub(resumed), resumed))
    }

    fn progress(&self, done_bytes: u64) -> Progress<'_> {
        Progress { file: &self.file.name, done_bytes, total_bytes: self.file.bytes }
    }

    /// Opens the origin again and again until the part is complete.
    fn fill(
        &self,
        part: &mut Part,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), DatasetError> {
        let mut attempts_in_vain = 0;
        while part.bytes < self.file.bytes {
            let before = part.bytes;
            let reason = match self.from.open(before) {
                Ok(opened) => match self.receive(opened, part, progress)? {
                    None => continue,
                    Some(reason) => reason,
                },
                // Bytes are here already: the connection was there and may come back.
                Err(DatasetError::Offline { reason, .. }) if before > 0 => reason,
                Err(error) => return Err(error),
            };
            attempts_in_vain = if part.bytes > before { 0 } else { attempts_in_vain + 1 };
            if attempts_in_vain >= RETRIES_MAX {
                let (done_bytes, total_bytes) = (part.bytes, self.file.bytes);
                let url = self.from.text();
                return Err(DatasetError::Interrupted { url, done_bytes, total_bytes, reason });
            }
        }
        Ok(())
    }

    /// Takes what one connection gives; `Some` says why it ended too early.
    fn receive(
        &self,
        mut opened: Opened,
        part: &mut Part,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Option<String>, DatasetError> {
        if opened.start != part.bytes {
            part.restart()?;
        }
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let read = match opened.bytes.read(&mut chunk) {
                Ok(0) if part.bytes < self.file.bytes => {
                    return Ok(Some("the connection was closed too early".to_owned()));
                }
                Ok(0) => return Ok(None),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Ok(Some(error.to_string())),
            };
            part.append(chunk.get(..read).unwrap_or_default(), self.file.bytes)?;
            progress(self.progress(part.bytes));
            if part.bytes > self.file.bytes {
                let (got, expected) = (part.bytes, self.file.bytes);
                part.remove();
                let (file, from) = (self.file.name.clone(), self.from.text());
                return Err(DatasetError::Length { file, from, expected, got });
            }
        }
    }

    /// Checks the sum, makes the bytes durable, and only then gives the file its name.
    fn finish(&self, part: &Part) -> Result<(), DatasetError> {
        let failed = |source| write_error(&self.part, 0, source);
        part.file.sync_all().map_err(failed)?;
        let got = hex(part.digest.clone());
        if got != self.file.sha256 {
            part.remove();
            return Err(DatasetError::Checksum {
                file: self.file.name.clone(),
                from: self.from.text(),
                expected: self.file.sha256.clone(),
                got,
            });
        }
        fs::rename(&self.part, &self.path).map_err(failed)?;
        if let Some(dir) = self.path.parent() {
            File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed)?;
        }
        Ok(())
    }
}

/// The bytes that are here, with their checksum so far.
struct Part {
    path: PathBuf,
    file: File,
    digest: Sha256,
    bytes: u64,
}

impl Part {
    fn open(path: &Path) -> Result<Self, DatasetError> {
        let open = OpenOptions::new().read(true).append(true).create(true).open(path);
        let file = open.map_err(|source| write_error(path, 0, source))?;
        let mut digest = Sha256::new();
        let read = |source| DatasetError::Read { path: path.to_owned(), source };
        let bytes = hash_all(&file, &mut digest).map_err(read)?;
        Ok(Self { path: path.to_owned(), file, digest, bytes })
    }

    fn append(&mut self, chunk: &[u8], total_bytes: u64) -> Result<(), DatasetError> {
        let needed = total_bytes.saturating_sub(self.bytes);
        self.file.write_all(chunk).map_err(|source| write_error(&self.path, needed, source))?;
        self.digest.update(chunk);
        self.bytes += chunk.len() as u64;
        Ok(())
    }

    fn restart(&mut self) -> Result<(), DatasetError> {
        self.file.set_len(0).map_err(|source| write_error(&self.path, 0, source))?;
        (self.digest, self.bytes) = (Sha256::new(), 0);
        Ok(())
    }

    /// Wrong bytes must not be resumed; if they cannot be removed, the next attempt finds them wrong again.
    fn remove(&self) {
        drop(fs::remove_file(&self.path));
    }
}

fn hash_all(mut from: impl Read, digest: &mut Sha256) -> io::Result<u64> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut bytes = 0;
    loop {
        let read = from.read(&mut chunk)?;
        if read == 0 {
            return Ok(bytes);
        }
        digest.update(chunk.get(..read).unwrap_or_default());
        bytes += read as u64;
    }
}

fn hex(digest: Sha256) -> String {
    let digits = digest.finalize().into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

fn write_error(path: &Path, needed_bytes: u64, source: io::Error) -> DatasetError {
    let path = path.to_owned();
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            DatasetError::DiskFull { path, needed_bytes }
        }
        _ => DatasetError::Write { path, source },
    }
}

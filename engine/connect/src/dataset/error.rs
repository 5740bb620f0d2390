//! What can be wrong with a data set, each with the facts that a user needs to mend it.

use std::{io, path::PathBuf};

/// Why a data set cannot be pulled, verified or read.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// No data set has this name.
    #[error("no data set is named `{name}`; there are {}", known.join(", "))]
    Unknown {
        /// The name.
        name: String,
        /// Names of all data sets.
        known: Vec<String>,
    },
    /// A manifest that cannot be read.
    #[error("manifest `{name}` cannot be read: {reason}")]
    Manifest {
        /// Name or path of the manifest.
        name: String,
        /// What is wrong, with line and column if known.
        reason: String,
    },
    /// The data set is made by a generator, so there is nothing to pull.
    #[error("data set `{name}` is generated on this machine; there is nothing to pull")]
    Generated {
        /// The data set.
        name: String,
    },
    /// The manifest names a page but no address that can be downloaded.
    #[error("data set `{name}` cannot be downloaded directly; its page is {page}")]
    NoAddress {
        /// The data set.
        name: String,
        /// Where a person can get it.
        page: String,
    },
    /// The server cannot be reached.
    #[error("cannot reach {url} (is this machine offline?): {reason}")]
    Offline {
        /// The address.
        url: String,
        /// What the network said.
        reason: String,
    },
    /// The server refuses.
    #[error("{url} answers with HTTP status {status}")]
    Refused {
        /// The address.
        url: String,
        /// The status.
        status: u16,
    },
    /// The connection broke again and again.
    #[error("{url} stopped after {done_bytes} of {total_bytes} bytes: {reason}")]
    Interrupted {
        /// The address.
        url: String,
        /// Bytes that are here and will not be asked for again.
        done_bytes: u64,
        /// Bytes of the whole file.
        total_bytes: u64,
        /// What the network said.
        reason: String,
    },
    /// The mirror directory does not hold the file.
    #[error("the mirror has no file {}", path.display())]
    NotInMirror {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The bytes are not the ones that the manifest describes.
    #[error("{file} from {from} has another checksum: expected sha256 {expected}, got {got}")]
    Checksum {
        /// Name of the file.
        file: String,
        /// Where it came from.
        from: String,
        /// The manifest's sha256.
        expected: String,
        /// The sha256 of what came.
        got: String,
    },
    /// The file is longer or shorter than the manifest says.
    #[error("{file} from {from} has {got} bytes; the manifest says {expected}")]
    Length {
        /// Name of the file.
        file: String,
        /// Where it came from.
        from: String,
        /// The manifest's length in bytes.
        expected: u64,
        /// Bytes that came.
        got: u64,
    },
    /// No space is left.
    #[error("the disk is full: {} needs {needed_bytes} more bytes", path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
        /// Bytes still to be written.
        needed_bytes: u64,
    },
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The failure.
        source: io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The failure.
        source: io::Error,
    },
    /// The data set has not been pulled.
    #[error("data set `{name}` is not here ({} is missing); pull it first", path.display())]
    Absent {
        /// The data set.
        name: String,
        /// The file that is missing.
        path: PathBuf,
    },
    /// A row is not as the manifest describes it.
    #[error("{table} line {line}: {reason}")]
    Row {
        /// The table.
        table: String,
        /// Line, from one.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
}

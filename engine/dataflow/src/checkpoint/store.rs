//! The directory of a job's checkpoints: `chk-<number>/state` and `chk-<number>/manifest`.
//!
//! * Written in the order that survives a crash at any point: state, its sync, the directories' sync, `manifest.tmp`,
//!   its sync, rename, sync of the directory. Only then are older checkpoints deleted.
//! * A directory without a valid manifest is a checkpoint that never happened; it is skipped and later removed.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use pancake_types::Storage;

use super::{
    Restored,
    manifest::{Manifest, Part},
    state::NodeState,
};
use crate::{CheckpointId, OperatorId};

/// Why a checkpoint was not written or cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The disk refused.
    #[error("cannot {action} {}", path.display())]
    Storage {
        /// What was tried.
        action: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A manifest or a state file does not hold what it should.
    #[error("checkpoint {} is damaged: {reason}", path.display())]
    Damaged {
        /// The checkpoint's directory.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The checkpoint asked for is not there.
    #[error("there is no checkpoint {checkpoint} in {}", path.display())]
    Absent {
        /// The job's directory.
        path: PathBuf,
        /// The checkpoint.
        checkpoint: CheckpointId,
    },
    /// The manifest could not be put into words.
    #[error("cannot write the manifest")]
    Manifest(#[from] serde_json::Error),
    /// Not all subtasks took their part within the limit.
    #[error("checkpoint {checkpoint} was given up after {after_ms} ms")]
    Expired {
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// How long it was waited for.
        after_ms: u64,
    },
}

/// One subtask's vertex in a checkpoint to be written.
#[derive(Debug)]
pub(crate) struct PartBytes {
    pub(crate) vertex: OperatorId,
    pub(crate) subtask: usize,
    pub(crate) bytes: Vec<u8>,
}

/// What was written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    pub(crate) bytes: u64,
}

/// Checkpoints of one job.
#[derive(Debug)]
pub(crate) struct CheckpointStore {
    storage: Arc<dyn Storage>,
    dir: PathBuf,
    keep: usize,
}

const PREFIX: &str = "chk-";

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CheckpointError {
    let path = path.to_owned();
    move |source| CheckpointError::Storage { action, path, source }
}

impl CheckpointStore {
    pub(crate) fn new(storage: Arc<dyn Storage>, dir: PathBuf, keep: usize) -> Self {
        Self { storage, dir, keep: keep.max(1) }
    }

    fn path(&self, checkpoint: CheckpointId) -> PathBuf {
        self.dir.join(format!("{PREFIX}{:010}", checkpoint.get()))
    }

    /// Numbers of all checkpoints that have a directory, also of those that never happened, in order.
    pub(crate) fn list(&self) -> Result<Vec<CheckpointId>, CheckpointError> {
        let names = match self.storage.list(&self.dir) {
            Ok(names) => names,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(failed("list", &self.dir)(source)),
        };
        let number = |path: &PathBuf| {
            let digits = path.file_name()?.to_str()?.strip_prefix(PREFIX)?;
            digits.parse().ok().map(CheckpointId::new)
        };
        let mut numbers: Vec<_> = names.iter().filter_map(number).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Writes a checkpoint. On an error nothing of it counts, and what can be removed is.
    pub(crate) fn write(
        &self,
        mut manifest: Manifest,
        parts: &[PartBytes],
    ) -> Result<Written, CheckpointError> {
        let dir = self.path(manifest.checkpoint);
        let mut state = Vec::new();
        for part in parts {
            manifest.parts.push(Part {
                vertex: part.vertex.clone(),
                subtask: part.subtask,
                position: state.len() as u64,
                length: part.bytes.len() as u64,
                crc32c: crc32c::crc32c(&part.bytes),
            });
            state.extend_from_slice(&part.bytes);
        }
        let written = self.write_files(&dir, &state, &manifest.encode()?);
        if written.is_err()
            && self.storage.exists(&dir)
            && let Err(error) = self.storage.remove_dir_all(&dir)
        {
            tracing::warn!(dir = %dir.display(), %error, "an unfinished checkpoint stays behind");
        }
        written?;
        self.delete_older_than(manifest.checkpoint);
        Ok(Written { bytes: state.len() as u64 })
    }

    fn write_files(
        &self,
        dir: &Path,
        state: &[u8],
        manifest: &[u8],
    ) -> Result<(), CheckpointError> {
        let storage = self.storage.as_ref();
        storage.create_dir_all(dir).map_err(failed("create", dir))?;
        storage.sync_dir(&self.dir).map_err(failed("sync", &self.dir))?;
        self.write_file(&dir.join("state"), state)?;
        storage.sync_dir(dir).map_err(failed("sync", dir))?;
        let (draft, place) = (dir.join("manifest.tmp"), dir.join("manifest"));
        self.write_file(&draft, manifest)?;
        storage.rename(&draft, &place).map_err(failed("rename", &draft))?;
        storage.sync_dir(dir).map_err(failed("sync", dir))
    }

    fn write_file(&self, path: &Path, bytes: &[u8]) -> Result<(), CheckpointError> {
        let file = self.storage.open(path, true).map_err(failed("create", path))?;
        file.truncate(0).map_err(failed("truncate", path))?;
        file.write_at(bytes, 0).map_err(failed("write", path))?;
        file.sync().map_err(failed("sync", path))
    }

    /// Deletes all but the newest few. A failure here costs only room, so it is told and forgotten.
    fn delete_older_than(&self, newest: CheckpointId) {
        let numbers = match self.list() {
            Ok(numbers) => numbers,
            Err(error) => return tracing::warn!(%error, "old checkpoints stay"),
        };
        let older: Vec<_> = numbers.into_iter().filter(|number| *number < newest).collect();
        let whole =
            |number: &CheckpointId| self.storage.exists(&self.path(*number).join("manifest"));
        let kept =
            older.iter().rev().filter(|n| whole(n)).nth(self.keep.saturating_sub(2)).copied();
        let first_kept = if self.keep == 1 { newest } else { kept.unwrap_or_default() };
        for number in older.into_iter().filter(|number| *number < first_kept || !whole(number)) {
            let dir = self.path(number);
            if let Err(error) = self.storage.remove_dir_all(&dir) {
                tracing::warn!(dir = %dir.display(), %error, "an old checkpoint stays");
            }
        }
    }

    fn read_file(&self, path: &Path) -> Result<Vec<u8>, CheckpointError> {
        let file = self.storage.open(path, false).map_err(failed("open", path))?;
        let length = file.len().map_err(failed("read", path))?;
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        let read = file.read_at(&mut bytes, 0).map_err(failed("read", path))?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// Reads one checkpoint.
    pub(crate) fn read(&self, checkpoint: CheckpointId) -> Result<Restored, CheckpointError> {
        let dir = self.path(checkpoint);
        let damaged = |reason| CheckpointError::Damaged { path: dir.clone(), reason };
        let manifest = dir.join("manifest");
        if !self.storage.exists(&manifest) {
            return Err(CheckpointError::Absent { path: self.dir.clone(), checkpoint });
        }
        let manifest = Manifest::decode(&self.read_file(&manifest)?).map_err(damaged)?;
        let bytes = self.read_file(&dir.join("state"))?;
        let mut vertices: BTreeMap<OperatorId, Vec<NodeState>> = BTreeMap::new();
        for part in &manifest.parts {
            let start = usize::try_from(part.position).unwrap_or(usize::MAX);
            let end = start.saturating_add(usize::try_from(part.length).unwrap_or(usize::MAX));
            let bytes = bytes.get(start..end).ok_or_else(|| damaged("its state is cut short"))?;
            if crc32c::crc32c(bytes) != part.crc32c {
                return Err(damaged("the checksum of its state is wrong"));
            }
            let state = NodeState::decode(bytes).map_err(|_| damaged("its state is malformed"))?;
            vertices.entry(part.vertex.clone()).or_default().push(state);
        }
        Ok(Restored { checkpoint, vertices })
    }

    /// Reads the newest checkpoint that is whole; one that is damaged is passed over with a warning.
    pub(crate) fn read_latest(&self) -> Result<Option<Restored>, CheckpointError> {
        for checkpoint in self.list()?.into_iter().rev() {
            match self.read(checkpoint) {
                Ok(restored) => return Ok(Some(restored)),
                Err(CheckpointError::Absent { .. }) => {}
                Err(error @ CheckpointError::Damaged { .. }) => {
                    tracing::error!(%error, "falling back to an older checkpoint");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

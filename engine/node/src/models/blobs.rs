//! Artefacts: immutable files named by the sha256 of their bytes.

use std::{fs, io, path::PathBuf};

use pancake_ml::{FactorModel, sha256_hex};

use crate::{ErrorKind, NodeError, home::write_whole, topics::chain};

/// The folder of artefacts.
#[derive(Debug)]
pub(super) struct Blobs {
    dir: PathBuf,
}

impl Blobs {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Keeps a model and gives the artefact's name. The same model gives the same name. Blocks.
    pub(super) fn keep(&self, model: &FactorModel) -> Result<String, NodeError> {
        let bytes = pancake_ml::encode(model).map_err(|e| NodeError::internal(chain(&e)))?;
        let sha256 = sha256_hex(&bytes);
        let path = self.dir.join(&sha256);
        if !path.exists() {
            fs::create_dir_all(&self.dir)
                .and_then(|()| write_whole(&path, &bytes, 0o644))
                .map_err(|e| self.unavailable("written", &sha256, &e))?;
        }
        Ok(sha256)
    }

    /// Reads a model back; a damaged artefact is an error. Blocks.
    pub(super) fn model(&self, sha256: &str) -> Result<FactorModel, NodeError> {
        let bytes =
            fs::read(self.dir.join(sha256)).map_err(|e| self.unavailable("read", sha256, &e))?;
        pancake_ml::decode(&bytes, sha256).map_err(|e| {
            NodeError::new(ErrorKind::Unavailable, "damaged_model", chain(&e))
                .hint("train the model again, or roll back to another version")
        })
    }

    fn unavailable(&self, done: &str, sha256: &str, error: &io::Error) -> NodeError {
        let path = self.dir.join(sha256);
        let message = format!("artefact {} cannot be {done}: {error}", path.display());
        NodeError::new(ErrorKind::Unavailable, "storage", message)
    }
}

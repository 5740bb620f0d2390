//! Checkpoints on disk: what a subtask's state looks like, the manifest, and how state moves between parallelisms.
//!
//! * A checkpoint exists from the moment its manifest was renamed into place, and not before.
//! * An older one is deleted only after that.

mod manifest;
mod rescale;
mod state;
mod store;

pub use store::CheckpointError;

pub(crate) use manifest::Manifest;
pub(crate) use rescale::Restored;
pub(crate) use state::{NodeState, SavedSplit};
pub(crate) use store::{CheckpointStore, PartBytes};

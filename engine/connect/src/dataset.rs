//! Data sets: what each is, where it comes from, and proof that a copy is the right one.
//!
//! * A manifest names every file with its length and sha256; a file that differs is refused and never gets its name.
//! * Files lie in the home's `blobs/` under their sha256; a download that stopped goes on where it was.
//! * The manifests and the project's own split lists are part of the binary; the data itself never is.
//!
//! Start reading at [`Manifest`], then [`pull`].

pub mod anime;
mod error;
mod manifest;
mod origin;
mod pull;

pub use error::DatasetError;
pub use manifest::{
    Column, DataFile, GeneratorSpec, Licence, Manifest, SplitList, Table, all, find,
};
pub use pull::{FileState, Mirror, Progress, Pulled, pull, verify};

#[cfg(test)]
mod tests;

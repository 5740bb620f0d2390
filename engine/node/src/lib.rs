//! One running engine: opens a home, restores what was there, owns every task, and shows an API of its own.
//!
//! * One process owns a home at a time; the lock says who.
//! * Everything that must survive `kill -9` is a record in an internal topic or a checkpoint, written before it is
//!   acknowledged; [`Node::open`] brings all of it back without being asked.
//! * No part below knows this one; the web and the command line know the engine only through [`Node`].
//!
//! Start reading at [`Node`].

pub mod api;
mod error;
mod feeds;
mod groups;
mod home;
mod jobs;
mod journal;
mod models;
mod nearest;
mod node;
mod queries;
mod topics;

pub use error::{At, ErrorKind, NodeError};
pub use home::{Home, write_whole};
pub use models::predict_error;
pub use node::{Node, NodeOptions};
pub use pancake_broker::HostPort;

/// Runs what blocks on a thread that may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, NodeError> + Send + 'static,
) -> Result<T, NodeError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(panicked) => Err(NodeError::internal(panicked.to_string())),
    }
}

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
mod node;

pub use error::{At, ErrorKind, NodeError};
pub use node::{Node, NodeOptions};

//! Labs: their format, their checks, the attendee's progress, and the loop of who writes them.
//!
//! * Nothing here names an engine: facts come through [`World`], acts go through [`Hands`], progress through [`Journal`].
//! * A check only reads; the same check twice gives the same verdict and leaves every offset where it was.
//! * Nothing here reads a clock, opens a socket or spawns a task.
//!
//! Start reading at [`World`].

mod diagnostic;
pub mod format;
pub mod progress;
pub mod world;

pub use diagnostic::{Diagnostic, Severity};
pub use world::{Desk, Hands, Journal, World, WorldError};

//! Labs: their format, their checks, the attendee's progress, and the loop of who writes them.
//!
//! * Nothing here names an engine: facts come through [`World`], acts go through [`Hands`], progress through [`Journal`].
//! * A check only reads; the same check twice gives the same verdict and leaves every offset where it was.
//! * Nothing here reads a clock, opens a socket or spawns a task.
//!
//! Start reading at [`Workshop`], which is what the API and the command line use; then [`World`], which is what they bring.

pub mod author;
mod check;
mod condition;
mod diagnostic;
pub mod format;
mod loader;
pub mod page;
pub mod progress;
mod template;
#[cfg(test)]
mod toy;
mod workshop;
mod workspace;
pub mod world;

pub use check::{CheckReport, Judge};
pub use diagnostic::{Diagnostic, Severity};
pub use loader::{Folder, Lab, LabFiles, MemoryFiles, WrongFile};
pub use progress::{Event, EventKind, LabProgress, Verdict};
pub use template::thousands;
pub use workshop::{
    CellView, CheckView, HintView, LabCard, LabView, StepView, Which, Workshop, WorkshopError,
    WorkshopResult,
};
pub use workspace::CellRun;
pub use world::{Desk, Hands, Journal, World, WorldError};

//! The connectors as a job uses them: over a real broker, real files, and a clock that the test holds.

mod files;
mod generated;
mod support;
mod topics;

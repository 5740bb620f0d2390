//! Whole jobs: under the seeded simulation with crashes, and on threads.

mod checkpoints;
mod idle;
mod lateness;
mod simulation;
mod support;
mod threads;

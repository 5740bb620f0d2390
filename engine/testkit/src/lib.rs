//! Simulated clock and storage for tests, and seeds that can be replayed.
//!
//! * A test's whole fate hangs on one seed; a failing run names it, and `PANCAKE_SEED=<seed>` runs that one alone.
//! * [`SimStorage`] forgets at a crash what no sync made durable, and is no kinder than a real disk may be.
//! * A dev-dependency of anyone, a dependency of no one.

mod clock;
mod seed;
mod storage;

pub use clock::SimClock;
pub use seed::{SimRng, for_seeds};
pub use storage::{Fault, SimStorage};

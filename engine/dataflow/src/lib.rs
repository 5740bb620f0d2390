//! The streaming runtime: operators, windows, watermarks, state, checkpoints.

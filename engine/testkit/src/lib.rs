//! Simulated clock and storage for tests.

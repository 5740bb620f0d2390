//! Algorithms: train, evaluate, export.

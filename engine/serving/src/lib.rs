//! Model registry, prediction, routing; no HTTP.

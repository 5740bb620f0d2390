//! Flink's SQL dialect to a dataflow graph or a bounded plan.

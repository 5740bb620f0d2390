//! Sources and sinks: topics, files, generators.

//! The broker: Kafka's protocol over the log.
mod wire;

//! The broker as its clients meet it: real sockets, real Kafka clients, real kills.
//!
//! * Every test has its own broker on port 0 and its own directory; nothing sleeps, waits have a deadline.
//! * A client that is not installed makes its test say so and pass; CI installs them all.

mod client;
mod crash;
mod embedded;
mod groups;
mod harness;
mod hostile;
mod kcat;
mod limits;
mod protocol;
mod python;
mod rdkafka_clients;

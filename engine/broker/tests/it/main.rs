//! The broker as its clients meet it: real sockets, real Kafka clients, real kills.
//!
//! * Every test has its own broker on port 0 and its own directory; nothing sleeps, waits have a deadline.
//! * A client that is not installed makes its test say so and pass; CI installs them all.

#[cfg(test)]
mod client;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod embedded;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod kcat;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod protocol;
#[cfg(test)]
mod python;
#[cfg(test)]
mod rdkafka_clients;

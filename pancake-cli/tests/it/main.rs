//! The program as its users meet it: the real binary, real sockets, real kills.
//!
//! * Every test has its own home and free ports; nothing sleeps, every wait has a condition and a deadline.
//! * What is asserted of an error is all that a user needs: the exit code, what happened, and what to type next.

#[cfg(test)]
mod crash;
#[cfg(test)]
mod datasets;
#[cfg(test)]
mod env;
#[cfg(test)]
mod frames;
#[cfg(test)]
mod homes;
#[cfg(test)]
mod labs;
#[cfg(test)]
mod models;
#[cfg(test)]
mod recommender;
#[cfg(test)]
mod sql;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod words;

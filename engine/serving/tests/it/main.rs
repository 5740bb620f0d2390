//! Serving as a whole: swaps under load, online updates through records, served against offline scores.

mod online;
mod planted;
mod swap;
